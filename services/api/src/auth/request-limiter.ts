import type { Counters } from '@mcp-fleet/queue';
import {
  type RateLimiterAbstract,
  RateLimiterMemory,
  RateLimiterPostgres,
  RateLimiterRedis,
} from 'rate-limiter-flexible';

/** Seconds in which so many requests may be made. */
const duration = 60;

/** Counts the requests of each tenant, one round trip each; null counts those of this process. */
export function createLimiter(points: number, counters: Counters | null): RateLimiterAbstract {
  const inMemory = new RateLimiterMemory({ points, duration });
  if (counters === null) return inMemory;
  const options = {
    keyPrefix: counters.prefix,
    points,
    duration,
    // Counters that are away must not keep requests out that need the store alone.
    insuranceLimiter: inMemory,
    // A tenant that goes on after its last one costs no more round trips.
    inMemoryBlockOnConsumed: points + 1,
  };
  if (counters.kind === 'redis') return new RateLimiterRedis({ ...options, storeClient: counters.client });
  const { client, schema, table } = counters;
  return new RateLimiterPostgres({
    ...options,
    storeClient: client,
    storeType: 'pool',
    schemaName: schema,
    tableName: table,
    tableCreated: true,
  });
}
