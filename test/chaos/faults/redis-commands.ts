import { Redis } from 'ioredis';
import type { Fault } from './fault.ts';

/** A command to Redis that hurts whoever uses it. */
function redisCommand(name: string, what: string, ...command: [string, ...string[]]): Fault {
  return {
    name,
    lane: 'servers',
    topologies: ['fleet'],
    plan: () => ({
      what,
      outdates: 'all',
      async run(fleet) {
        const redis = new Redis(fleet.queueServer.url(), { maxRetriesPerRequest: 1 });
        redis.on('error', () => undefined);
        try {
          await redis.call(...command);
        } finally {
          redis.disconnect();
        }
      },
    }),
  };
}

/** Everything that the queue knew is gone. */
export const flushRedis = redisCommand('redis-flushall', 'everything in the queue forgotten', 'FLUSHALL');

/** Every client's connection is reset, whatever it was waiting for. */
export const killRedisClients = redisCommand(
  'redis-client-kill',
  'every connection reset',
  'CLIENT',
  'KILL',
  'TYPE',
  'normal',
);
