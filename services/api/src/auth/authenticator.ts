import type { IncomingHttpHeaders } from 'node:http';
import { type ApiKey, type ContextStore, FleetError, type Scope, scopes } from '@mcp-fleet/core';
import { isSecret, parseKeyText } from './key-text.ts';

/** Who makes a request. */
export interface Caller {
  tenant: string;
  /** Null for a caller on the same machine that needs no key. */
  keyId: string | null;
  scopes: ReadonlySet<Scope>;
}

/** The tenant of callers without a key. */
export const localTenant = 'local';

const localCaller: Caller = { tenant: localTenant, keyId: null, scopes: new Set(scopes) };

/** How long a key is used as it was read: a revocation takes this long to reach every api. */
const freshMs = 5_000;

/** How often the use of keys is noted. */
const noteMs = 60_000;

/** Finds out who calls, by the key in `x-api-key` or `authorization: Bearer`. */
export class Authenticator {
  readonly #store: Pick<ContextStore, 'apiKey' | 'keysUsed'>;
  readonly #required: boolean;
  readonly #known = new Map<string, { key: ApiKey | null; readAt: number }>();
  readonly #used = new Set<string>();
  readonly #noting: NodeJS.Timeout;

  constructor(store: Pick<ContextStore, 'apiKey' | 'keysUsed'>, options: { required: boolean }) {
    this.#store = store;
    this.#required = options.required;
    this.#noting = setInterval(() => void this.#note(), noteMs);
    this.#noting.unref();
  }

  /**
   * Throws `unauthenticated` when a key is missing, unknown, expired or revoked; it does not say which. With `basic`
   * the key may also be the password of HTTP's basic authentication.
   */
  async caller(headers: IncomingHttpHeaders, { basic = false } = {}): Promise<Caller> {
    const text = (basic ? passwordIn(headers) : null) ?? keyIn(headers);
    if (text === null) {
      if (!this.#required) return localCaller;
      throw refused('This fleet asks for a key. Send one as `x-api-key`, or as `authorization: Bearer`.');
    }
    const parsed = parseKeyText(text);
    const key = parsed && (await this.#read(parsed.id));
    if (!parsed || !key || !isSecret(parsed.secret, key.hash) || hasEnded(key)) {
      throw refused('The key is not valid. It is unknown, revoked or expired.');
    }
    this.#used.add(key.id);
    return { tenant: key.tenant, keyId: key.id, scopes: new Set(key.scopes) };
  }

  /** Reads a key anew at its next use, after this process has changed it. */
  forget(id: string): void {
    this.#known.delete(id);
  }

  async stop(): Promise<void> {
    clearInterval(this.#noting);
    await this.#note();
  }

  async #read(id: string): Promise<ApiKey | null> {
    const known = this.#known.get(id);
    if (known && performance.now() - known.readAt < freshMs) return known.key;
    const key = await this.#store.apiKey(id);
    // Unknown ids are not kept, or anybody could fill the memory with them.
    if (key) this.#known.set(id, { key, readAt: performance.now() });
    else this.#known.delete(id);
    return key;
  }

  async #note(): Promise<void> {
    const ids = [...this.#used];
    this.#used.clear();
    if (ids.length > 0) await this.#store.keysUsed(ids).catch(() => undefined);
  }
}

/** The password of HTTP's basic authentication; null without one. */
function passwordIn({ authorization = '' }: IncomingHttpHeaders): string | null {
  const [, encoded] = /^Basic +(\S+)$/i.exec(authorization) ?? [];
  if (encoded === undefined) return null;
  const text = Buffer.from(encoded, 'base64').toString();
  return text.slice(text.indexOf(':') + 1);
}

function keyIn(headers: IncomingHttpHeaders): string | null {
  const key = headers['x-api-key'];
  if (typeof key === 'string' && key !== '') return key;
  const bearer = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '');
  if (bearer) return bearer[1] as string;
  if (headers.authorization)
    throw refused('The authorization is none that the fleet knows; expected Bearer.');
  return null;
}

function hasEnded({ expiresAt, revokedAt }: ApiKey): boolean {
  const now = new Date();
  return [expiresAt, revokedAt].some((end) => end !== null && end <= now);
}

const refused = (message: string) => new FleetError('unauthenticated', message);
