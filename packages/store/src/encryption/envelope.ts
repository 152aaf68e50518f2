import { FleetError } from '@mcp-fleet/core';
import { decrypt, encrypt } from './key-ring.ts';
import type { OpenKey, Vault } from './vault.ts';

/** `enc1.<data key>.<base64url>`. Text of any other form is from before contents were encrypted. */
const sealedText = /^enc1\.(dk_[0-9a-f]{32})\.([\w-]+)$/;

/** Bytes of the same: the mark, the data key's id, and what is encrypted. */
const mark = 'enc1.';
const bytesMark = Buffer.from(mark);
const idLength = 'dk_'.length + 32;

/** What stands in the place of contents whose key was erased. */
export const erased = '[erased: the key of this tenant was destroyed]';

/** Encrypts with one data key. `record` says what the value is and where it stands, such as `job job_1 query`. */
export class Sealer {
  readonly #key: OpenKey;

  constructor(key: OpenKey) {
    this.#key = key;
  }

  text(plain: string, record: string): string {
    const { id, key } = this.#usable();
    return `${mark}${id}.${encrypt(key, plain, this.#record(record)).toString('base64url')}`;
  }

  bytes(plain: Uint8Array, record: string): Uint8Array {
    const { id, key } = this.#usable();
    return Buffer.concat([bytesMark, Buffer.from(id), encrypt(key, plain, this.#record(record))]);
  }

  json(value: unknown, record: string): string {
    return this.text(JSON.stringify(value), record);
  }

  #usable(): { id: string; key: Buffer } {
    const { id, key } = this.#key;
    if (key === null) throw new Error(`the data key ${id} was erased`);
    return { id, key };
  }

  #record(record: string): string {
    return `${this.#key.tenant}\n${record}`;
  }
}

/** Thrown inside `opening`, which loads the key and begins again. */
class KeyNotLoaded extends Error {
  readonly id: string;

  constructor(id: string) {
    super(`the data key ${id} is not loaded`);
    this.id = id;
  }
}

/** Decrypts with the data keys that are in memory. */
export class Opener {
  readonly #vault: Vault;

  constructor(vault: Vault) {
    this.#vault = vault;
  }

  /** The result of work that opens contents, done again as often as a key has to be loaded for it. */
  async opening<T>(work: () => T): Promise<T> {
    for (;;) {
      try {
        return work();
      } catch (thrown) {
        if (!(thrown instanceof KeyNotLoaded)) throw thrown;
        await this.#vault.load(thrown.id);
      }
    }
  }

  /**
   * The text as it was. `tenant` is null where nothing says whose it is. Throws `contents_unreadable` for what was
   * changed, or stands elsewhere than it was written.
   */
  text(value: string, record: string, tenant: string | null): string {
    const [, id, encoded] = sealedText.exec(value) ?? [];
    if (id === undefined || encoded === undefined) return value;
    return this.#open(id, Buffer.from(encoded, 'base64url'), record, tenant)?.toString('utf8') ?? erased;
  }

  /** The value that `Sealer.json` made a text of; `otherwise` when its key was erased. */
  json<T>(value: string, record: string, tenant: string | null, otherwise: T): T {
    const text = this.text(value, record, tenant);
    return text === erased ? otherwise : (JSON.parse(text) as T);
  }

  bytes(value: Uint8Array, record: string, tenant: string): Uint8Array {
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    if (!bytes.subarray(0, bytesMark.length).equals(bytesMark)) return value;
    const begin = bytesMark.length + idLength;
    const id = bytes.subarray(bytesMark.length, begin).toString('latin1');
    return this.#open(id, bytes.subarray(begin), record, tenant) ?? Buffer.from(erased);
  }

  #open(id: string, sealed: Buffer, record: string, tenant: string | null): Buffer | null {
    const known = this.#vault.known(id);
    if (!known) throw new KeyNotLoaded(id);
    if (known.key === null) return null;
    try {
      if (tenant !== null && tenant !== known.tenant) throw new Error(`the key is one of ${known.tenant}`);
      return decrypt(known.key, sealed, `${known.tenant}\n${record}`);
    } catch (cause) {
      throw new FleetError(
        'contents_unreadable',
        `What is stored as ${record} does not open: it was changed in the store, or brought there from elsewhere.`,
        { cause },
      );
    }
  }
}
