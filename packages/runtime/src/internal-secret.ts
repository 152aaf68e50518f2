import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * What an api proves with that it belongs to the fleet of the worker at this address. Made from the fleet's token for
 * this address alone: whoever else is asked with it can do nothing with it.
 */
export function addressSecret(token: string, url: string): string {
  return createHmac('sha256', token).update(new URL(url).origin).digest('base64url');
}

/** Takes the same time wherever they differ. */
export function isAddressSecret(given: string, token: string, url: string): boolean {
  const expected = Buffer.from(addressSecret(token, url));
  const actual = Buffer.from(given);
  return actual.length === expected.length && timingSafeEqual(actual, expected);
}
