import { expect, test } from 'vitest';
import { parseLine } from './parse-line.ts';

const anything = { agent: async () => undefined, session: async () => undefined };

test('a line that is nested 100,000 deep has a problem that names the limit', async () => {
  const deep = '['.repeat(100_000) + ']'.repeat(100_000);
  const text = `{"custom_id":"deep","query":[{"type":"image","source":${deep}}]}`;
  expect(await parseLine(7, text, 'default', anything)).toMatchObject({
    n: 7,
    body: null,
    problem: expect.stringContaining('100 deep'),
  });
});
