import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { FleetError } from '@mcp-fleet/core';

const algorithm = 'aes-256-gcm';
const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** The operator's keys by their names; the first wraps new data keys, the others open older ones. */
export interface KeyRing {
  current: { name: string; key: Buffer };
  keys: ReadonlyMap<string, Buffer>;
}

const expected = `Expected name:key, each key the base64 of ${keyBytes} random bytes (openssl rand -base64 32), separated by commas, the current one first.`;

/** Reads `FLEET_ENCRYPTION_KEYS`. Throws `invalid_config`, which shows no key. */
export function parseKeyRing(text: string): KeyRing {
  const keys = new Map<string, Buffer>();
  const entries = text.split(',').flatMap((entry) => entry.trim() || []);
  for (const [n, entry] of entries.entries()) {
    const [, name = '', encoded = ''] = /^([\w.-]{1,64}):(\S+)$/.exec(entry) ?? [];
    const key = Buffer.from(encoded, 'base64');
    if (key.length !== keyBytes || keys.has(name)) {
      const what = keys.has(name) ? `the name ${name} twice` : `an entry that is none, number ${n + 1}`;
      throw new FleetError('invalid_config', `FLEET_ENCRYPTION_KEYS has ${what}. ${expected}`);
    }
    keys.set(name, key);
  }
  const [first] = keys;
  if (!first) throw new FleetError('invalid_config', `FLEET_ENCRYPTION_KEYS has no key. ${expected}`);
  return { current: { name: first[0], key: first[1] }, keys };
}

export const newKey = (): Buffer => randomBytes(keyBytes);

/** Nonce, ciphertext and tag in one. What stands beside it in `record` has to be the same when it is opened. */
export function encrypt(key: Buffer, plain: string | Uint8Array, record: string): Buffer {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, key, nonce);
  cipher.setAAD(Buffer.from(record));
  const begun = typeof plain === 'string' ? cipher.update(plain, 'utf8') : cipher.update(plain);
  return Buffer.concat([nonce, begun, cipher.final(), cipher.getAuthTag()]);
}

/** Throws when the key is another, or anything was changed or stands elsewhere. */
export function decrypt(key: Buffer, sealed: Buffer, record: string): Buffer {
  const decipher = createDecipheriv(algorithm, key, sealed.subarray(0, nonceBytes), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(Buffer.from(record));
  decipher.setAuthTag(sealed.subarray(-tagBytes));
  return Buffer.concat([decipher.update(sealed.subarray(nonceBytes, -tagBytes)), decipher.final()]);
}
