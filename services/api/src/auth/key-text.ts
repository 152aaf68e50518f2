import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const form = /^fleet_([0-9a-z]{26})_([A-Za-z0-9_-]{43})$/;

/** A new key's text, `fleet_<id>_<secret>`, and what is stored of it. `id` is `key_` and a ULID. */
export function newKeyText(id: string): { text: string; hash: string } {
  const secret = randomBytes(32).toString('base64url');
  return { text: `fleet_${id.slice('key_'.length)}_${secret}`, hash: digest(secret) };
}

/** The id and the secret that a text names; null when it is no key. */
export function parseKeyText(text: string): { id: string; secret: string } | null {
  const [, id, secret] = form.exec(text) ?? [];
  return id !== undefined && secret !== undefined ? { id: `key_${id}`, secret } : null;
}

/** Takes the same time wherever they differ. */
export function isSecret(secret: string, hash: string): boolean {
  const given = Buffer.from(digest(secret), 'hex');
  const stored = Buffer.from(hash, 'hex');
  return given.length === stored.length && timingSafeEqual(given, stored);
}

const digest = (secret: string) => createHash('sha256').update(secret).digest('hex');
