import type { JobSummary } from '@mcp-fleet/core';
import { expect, test } from 'vitest';
import { overviewOf } from './overview.ts';

const now = new Date('2026-01-01T12:00:00.000Z');
const ago = (seconds: number) => new Date(now.getTime() - seconds * 1_000);
const totals = {
  ...{
    inputTokens: 30,
    outputTokens: 12,
    cacheReadTokens: 5,
    cacheWriteTokens: 5,
    modelCalls: 1,
    toolCalls: 0,
  },
  ...{ stepMs: 1, cost: 2_000_000 },
};

function ended(
  state: 'succeeded' | 'failed',
  ...[accepted, started, end]: [number, number, number]
): JobSummary {
  const errorCode = state === 'failed' ? 'limit_exceeded' : null;
  return {
    ...{ id: 'job', state, errorCode, totals },
    ...{ createdAt: ago(accepted), startedAt: ago(started), endedAt: ago(end) },
  };
}

test('jobs count where they were accepted, taken and ended', () => {
  const jobs = [ended('succeeded', 100, 98, 90), ended('failed', 92, 88, 1)];
  const { periods, totals, errors } = overviewOf(jobs, { now, seconds: 300 });
  expect(periods).toHaveLength(60);
  expect(periods[0]?.at).toBe(ago(300).toISOString());
  expect(periods[40]).toMatchObject({
    at: ago(100).toISOString(),
    accepted: 1,
    queue_ms: { p50: 2_000, p95: 2_000 },
  });
  expect(periods[42]).toMatchObject({
    succeeded: 1,
    tokens: 42,
    cost_usd: 0.002,
    duration_ms: { p50: 10_000 },
  });
  expect(periods[59]).toMatchObject({ accepted: 0, failed: 1, duration_ms: { p50: 91_000 }, queue_ms: null });
  expect(totals).toMatchObject({ accepted: 2, succeeded: 1, failed: 1, tokens: 84, cost_usd: 0.004 });
  expect(errors).toEqual([{ type: 'limit_exceeded', count: 1 }]);
});

test('what happened before, and what has not happened, does not count', () => {
  const before = ended('failed', 500, 499, 400);
  const running: JobSummary = { ...before, state: 'running', errorCode: null, totals: null, endedAt: null };
  const { totals, errors } = overviewOf([before, running], { now, seconds: 300 });
  expect(totals).toMatchObject({ accepted: 0, succeeded: 0, failed: 0, duration_ms: null, queue_ms: null });
  expect(errors).toEqual([]);
});

test('quantiles are of the nearest rank', () => {
  const jobs = Array.from({ length: 20 }, (_, n) => ended('succeeded', 10 + n, 10, 10));
  const { totals } = overviewOf(jobs, { now, seconds: 60 });
  expect(totals.duration_ms).toEqual({ p50: 9_000, p95: 18_000 });
});
