import { z } from 'zod';
import { shownTime } from './common.ts';

export const overviewQuery = z.object({
  seconds: z.coerce.number().int().min(60).max(86_400).default(300).describe('How far to look back.'),
});

const quantiles = z.object({ p50: z.number(), p95: z.number() }).nullable().describe('Milliseconds.');

const period = z
  .object({
    at: shownTime.describe('When it begins.'),
    accepted: z.int(),
    succeeded: z.int(),
    failed: z.int(),
    canceled: z.int(),
    expired: z.int(),
    tokens: z.int().describe('In and out, of jobs that ended in it.'),
    cost_usd: z.number(),
    duration_ms: quantiles.describe('From acceptance to the end, of jobs that ended in it.'),
    queue_ms: quantiles.describe('From acceptance to the first take, of jobs that were taken in it.'),
  })
  .meta({ id: 'OverviewPeriod' });
export type PeriodView = z.infer<typeof period>;

export const overview = z
  .object({
    type: z.literal('overview'),
    at: shownTime,
    complete: z
      .boolean()
      .describe('False when there were more jobs than are looked at: the oldest are missing in the numbers.'),
    queued: z.int().describe('Jobs that are queued or waiting, counted up to 10,000.'),
    running: z.int(),
    day_cost_usd: z.number().describe('Of jobs that ended today, in UTC.'),
    workers: z
      .object({ count: z.int(), in_flight: z.int(), places: z.int() })
      .describe('Of the whole fleet, as they said of themselves in the last 15 seconds.'),
    totals: period,
    periods: z.array(period).describe('60 of one length, oldest first.'),
    errors: z.array(z.object({ type: z.string(), count: z.int() })).describe('Most frequent first.'),
  })
  .meta({ id: 'Overview' });
export type OverviewView = z.infer<typeof overview>;

export const worker = z
  .object({
    type: z.literal('worker'),
    id: z.string(),
    host: z.string(),
    started_at: shownTime,
    seen_at: shownTime,
    in_flight: z.int().describe('Jobs that it holds.'),
    places: z.int(),
    draining: z.boolean(),
    servers: z.array(
      z.object({
        name: z.string(),
        transport: z.string(),
        state: z.enum(['idle', 'starting', 'ready', 'down', 'stopped']),
        tools: z.int(),
        in_flight: z.int(),
        restarts: z.int(),
      }),
    ),
  })
  .meta({ id: 'Worker' });
export type WorkerView = z.infer<typeof worker>;
