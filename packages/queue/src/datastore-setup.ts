import { clockDifference, clockWarnings, describeClock, FleetError } from '@mcp-fleet/core';
import type { Redis } from 'ioredis';
import type { QueuePool } from './queue-pool.ts';

/** What a Redis server is set up for that makes ids vanish, or come back late. */
export async function redisWarnings(redis: Redis): Promise<string[]> {
  const memory = fields(await redis.info('memory'));
  const persistence = fields(await redis.info('persistence'));
  const askedAt = Date.now();
  const [seconds, microseconds] = await redis.time();
  const theirs = Number(seconds) * 1_000 + Number(microseconds) / 1_000;
  const warnings = clockWarnings('Redis', clockDifference(askedAt, theirs, Date.now()));
  const policy = memory.get('maxmemory_policy');
  if (policy !== undefined && policy !== 'noeviction') {
    warnings.push(
      `Redis evicts keys when its memory is full (maxmemory-policy ${policy}), ids of jobs among them; the reconciler puts them back, late. Set maxmemory-policy noeviction.`,
    );
  }
  if (persistence.get('aof_enabled') === '0' && !(await savesSnapshots(redis))) {
    warnings.push(
      'Redis keeps nothing on disk: after its restart every job waits for the reconciler. Set appendonly yes.',
    );
  }
  return warnings;
}

/** Hosted Redis may forbid CONFIG; it has its own persistence then, and nothing is said. */
async function savesSnapshots(redis: Redis): Promise<boolean> {
  try {
    const [, save] = (await redis.config('GET', 'save')) as string[];
    return save !== '';
  } catch {
    return true;
  }
}

/** The `name:value` lines that INFO answers with. */
function fields(info: string): Map<string, string> {
  const lines = info.split('\r\n').filter((line) => line.includes(':'));
  return new Map(lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]));
}

export async function postgresWarnings(pool: QueuePool): Promise<string[]> {
  return clockWarnings("the queue's PostgreSQL", await postgresDifference(pool));
}

export async function checkPostgresClock(pool: QueuePool, toleratedMs: number): Promise<void> {
  const difference = await postgresDifference(pool);
  if (Math.abs(difference) <= toleratedMs) return;
  throw new FleetError(
    'queue_unavailable',
    `${describeClock("the queue's PostgreSQL", difference)} At most ${toleratedMs / 1_000} s are tolerated, because locks are timed by both. Run NTP on both.`,
  );
}

async function postgresDifference(pool: QueuePool): Promise<number> {
  const askedAt = Date.now();
  const { rows } = await pool.query(
    'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now_ms',
  );
  return clockDifference(askedAt, (rows as { now_ms: number }[])[0]?.now_ms ?? askedAt, Date.now());
}
