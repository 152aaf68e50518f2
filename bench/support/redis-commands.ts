import { Redis } from 'ioredis';

/** Commands that clients have sent to Redis so far; those inside scripts are not counted twice. */
export async function redisCommands(url: string): Promise<number> {
  const redis = new Redis(url);
  try {
    const stats = await redis.info('commandstats');
    const calls = (names: string[]) =>
      [...stats.matchAll(/^cmdstat_([a-z|]+):calls=(\d+)/gm)]
        .filter((match) => names.includes(match[1] as string))
        .reduce((sum, match) => sum + Number(match[2]), 0);
    // BullMQ's clients send scripts and blocking reads; everything else in the table is called by the scripts.
    return calls(['evalsha', 'eval', 'bzpopmin']);
  } finally {
    redis.disconnect();
  }
}
