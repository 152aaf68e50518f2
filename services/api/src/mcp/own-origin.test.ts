import { expect, test } from 'vitest';
import { isOwnOrigin } from './own-origin.ts';

test.each([
  ['http://127.0.0.1:7717', '127.0.0.1:7717'],
  ['http://localhost:7717', 'localhost:7717'],
  ['http://[::1]:7717', '[::1]:7717'],
  ['http://10.1.2.3', '10.1.2.3'],
])('a page of %s may ask %s', (origin, host) => {
  expect(isOwnOrigin(origin, host)).toBe(true);
});

test.each([
  ['another host', 'http://evil.example', '127.0.0.1:7717'],
  ['another port', 'http://127.0.0.1:8080', '127.0.0.1:7717'],
  ['a name that was rebound to this host', 'http://evil.example:7717', 'evil.example:7717'],
  ['a name that begins as an address', 'http://127.0.0.1.evil.example', '127.0.0.1.evil.example'],
  ['a sandboxed page', 'null', '127.0.0.1:7717'],
  ['no host', 'http://127.0.0.1:7717', undefined],
])('a page may not ask: %s', (_, origin, host) => {
  expect(isOwnOrigin(origin, host)).toBe(false);
});
