import { isIP } from 'node:net';
import { type AddressPolicy, withoutBrackets } from './address-policy.ts';

/**
 * Why a URL cannot be a webhook's, as a sentence; null when it can. Says nothing about where its host name leads:
 * that is looked at when it is connected to, every time.
 */
export function urlProblem(url: string, policy: AddressPolicy): string | null {
  if (!URL.canParse(url)) return 'The URL cannot be read; expected one such as https://example.com/hook.';
  // The parser turns every spelling of an IPv4 address into four decimal numbers.
  const parsed = new URL(url);
  if (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') {
    return `The URL has the scheme ${parsed.protocol.slice(0, -1)}; expected https.`;
  }
  if (parsed.username !== '' || parsed.password !== '') {
    return 'The URL has a user or a password in it; receivers verify the signature instead.';
  }
  if (policy.allowsHost(parsed.hostname)) return null;
  if (parsed.protocol === 'http:') return 'The URL is not encrypted; expected https.';
  const host = withoutBrackets(parsed.hostname);
  const refusal = isIP(host) === 0 ? null : policy.refusal(host);
  return refusal === null ? null : `The URL's address is not public (${refusal}).`;
}
