import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { clientTypes } from '../scripts/generate-client-types.ts';

/** Without spaces, quotes' kinds and trailing punctuation, which the formatter decides. */
const words = (source: string) => source.replaceAll(/[\s;,'"()|]+/g, '');

test("the client's types are those of the API's document (`npm run generate`)", async () => {
  const written = readFileSync(new URL('../packages/client/src/api-types.ts', import.meta.url), 'utf8');
  expect(words(written)).toBe(words(await clientTypes()));
});

test('every field of the API is in snake_case', async () => {
  const fields = (await clientTypes()).matchAll(/^ +["']?([a-z][\w-]*)["']?\??:/gm);
  const names = new Set([...fields].map(([, name]) => name));
  expect(names).toContain('max_tokens');
  expect([...names].filter((name) => !/^[a-z0-9_]+$/.test(name ?? ''))).toEqual([]);
});
