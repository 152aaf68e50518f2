import { type JobSummary, toUsd } from '@mcp-fleet/core';
import type { OverviewView, PeriodView } from './schemas/overview.ts';

/** Periods that the time looked back on is cut into. */
const periods = 60;

interface Period {
  at: number;
  accepted: number;
  succeeded: number;
  failed: number;
  canceled: number;
  expired: number;
  tokens: number;
  cost: number;
  durations: number[];
  waits: number[];
}

/** What jobs came to over the last `seconds`: in sum, and period by period, oldest first. */
export function overviewOf(
  jobs: readonly JobSummary[],
  { now, seconds }: { now: Date; seconds: number },
): Pick<OverviewView, 'totals' | 'periods' | 'errors'> {
  const length = (seconds * 1_000) / periods;
  // Full periods of the clock, so that one that was shown does not change its borders.
  const end = Math.ceil(now.getTime() / length) * length;
  const begin = end - length * periods;
  const all = Array.from({ length: periods }, (_, n) => newPeriod(begin + n * length));
  const total = newPeriod(begin);
  const errors = new Map<string, number>();
  const count = (at: Date | null, into: (period: Period) => void) => {
    const period = at && all[Math.floor((at.getTime() - begin) / length)];
    if (!period) return;
    into(period);
    into(total);
  };
  for (const job of jobs) {
    count(job.createdAt, (period) => {
      period.accepted += 1;
    });
    count(job.startedAt, (period) => period.waits.push(msBetween(job.createdAt, job.startedAt)));
    count(job.endedAt, (period) => countEnd(period, job));
    if (job.errorCode !== null && job.endedAt && job.endedAt.getTime() >= begin) {
      errors.set(job.errorCode, (errors.get(job.errorCode) ?? 0) + 1);
    }
  }
  return {
    totals: periodView(total),
    periods: all.map(periodView),
    errors: [...errors].map(([type, count]) => ({ type, count })).sort((a, b) => b.count - a.count),
  };
}

const newPeriod = (at: number): Period => ({
  ...{ at, accepted: 0, succeeded: 0, failed: 0, canceled: 0, expired: 0, tokens: 0, cost: 0 },
  durations: [],
  waits: [],
});

function countEnd(period: Period, { state, totals, createdAt, endedAt }: JobSummary): void {
  if (state === 'succeeded' || state === 'failed' || state === 'canceled' || state === 'expired') {
    period[state] += 1;
  }
  period.durations.push(msBetween(createdAt, endedAt));
  if (!totals) return;
  period.tokens += totals.inputTokens + totals.outputTokens;
  period.cost += totals.cost ?? 0;
}

const msBetween = (from: Date, to: Date | null) => Math.max(0, (to ?? from).getTime() - from.getTime());

function periodView({ at, cost, durations, waits, ...counts }: Period): PeriodView {
  return {
    at: new Date(at).toISOString(),
    ...counts,
    cost_usd: toUsd(cost),
    duration_ms: quantiles(durations),
    queue_ms: quantiles(waits),
  };
}

/** The nearest-rank median and 95th percentile; null of nothing. */
function quantiles(values: number[]): { p50: number; p95: number } | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => a - b);
  const rank = (q: number) => sorted[Math.ceil(q * sorted.length) - 1] as number;
  return { p50: rank(0.5), p95: rank(0.95) };
}
