import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { clientTypes } from '../scripts/generate-client-types.ts';

/** Without spaces, quotes' kinds and trailing punctuation, which the formatter decides. */
const words = (source: string) => source.replaceAll(/[\s;,'"()|]+/g, '');

test("the client's types are those of the API's document (`npm run generate`)", async () => {
  const written = readFileSync(new URL('../packages/client/src/api-types.ts', import.meta.url), 'utf8');
  expect(words(written)).toBe(words(await clientTypes()));
});
