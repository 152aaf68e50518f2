import type { IncomingHttpHeaders } from 'node:http';
import { ApiFault } from './api-fault.ts';

/**
 * Refuses a request without the right key, in `x-api-key` or as a bearer token.
 *
 * @param expected the only key accepted; undefined accepts any key but wants one; null asks for none
 */
export function checkAccess(headers: IncomingHttpHeaders, expected: string | null | undefined): void {
  if (expected === null) return;
  const key = headers['x-api-key'] || bearer(headers.authorization);
  if (!key) throw new ApiFault(401, 'x-api-key header is required');
  if (expected !== undefined && key !== expected) {
    throw new ApiFault(401, 'invalid x-api-key', { code: 'invalid_api_key' });
  }
}

function bearer(authorization: string | undefined): string | undefined {
  return authorization?.startsWith('Bearer ') ? authorization.slice(7) : undefined;
}
