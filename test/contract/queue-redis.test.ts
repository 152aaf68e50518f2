import { Redis } from 'ioredis';
import { describe } from 'vitest';
import { describeWith, service } from '../support/services.ts';
import { outageRules } from './queue/outages.ts';
import { queueContract } from './queue/queue-contract.ts';

describeWith(['redis'], 'the queue on Redis', () => {
  const createPlace = async () => ({ target: service('redis'), remove: async () => undefined });
  queueContract({
    createPlace,
    lookInside(_place, target) {
      const redis = new Redis(target);
      return {
        dataOf: async (queueName, jobId) =>
          JSON.parse((await redis.hget(`bull:${queueName}:${jobId}`, 'data')) ?? 'null'),
        async loseLock(queueName, jobId) {
          await redis.del(`bull:${queueName}:${jobId}:lock`);
        },
        async everything(queueName) {
          const keys = await redis.keys(`bull:${queueName}:*`);
          const dumps = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
          return dumps.map((dump) => dump?.toString('latin1')).join('\n');
        },
        async close() {
          redis.disconnect();
        },
      };
    },
  });
  describe('outages', () => outageRules(createPlace));
});
