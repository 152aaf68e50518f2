import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import pg from 'pg';

/** The servers of a benchmark with their processes, whose processor time is counted. */
export interface Servers {
  redisUrl: string;
  postgresUrl: string;
  redisPid: number;
  postgresPid: number;
}

/** Those of TEST_REDIS_URL and TEST_POSTGRES_URL, on this machine; null when one is not set. */
export async function findServers(): Promise<Servers | null> {
  const { TEST_REDIS_URL: redisUrl, TEST_POSTGRES_URL: postgresUrl } = process.env;
  if (!redisUrl || !postgresUrl) return null;
  const redis = new Redis(redisUrl);
  const redisPid = Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]);
  redis.disconnect();
  const client = new pg.Client({ connectionString: postgresUrl });
  await client.connect();
  const { rows } = await client.query('SELECT pg_backend_pid() AS pid');
  const postgresPid = parentOf(Number(rows[0].pid));
  await client.end();
  return { redisUrl, postgresUrl, redisPid, postgresPid };
}

function parentOf(pid: number): number {
  return Number(/^PPid:\s+(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
}
