import { isIP } from 'node:net';

/**
 * Whether a page of this origin is a page of the host that it asks. A name other than localhost does not
 * count, even if it is the host's: with DNS rebinding, a foreign page's name leads here as well.
 */
export function isOwnOrigin(origin: string, host: string | undefined): boolean {
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  if (page.host !== host) return false;
  const name = page.hostname.replace(/^\[|\]$/g, '');
  return name === 'localhost' || isIP(name) !== 0;
}
