import { parseArgs } from 'node:util';
import type Anthropic from '@anthropic-ai/sdk';
import { Worker } from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import { openStockLoop } from './stock-loop.ts';

/**
 * A queue worker as it is written by hand: a BullMQ processor around the stock loop, with the conversation as one JSON value in
 * PostgreSQL, read before and written after. It has no journal, no fences, no claims, and no order within a session.
 */
const { values } = parseArgs({
  options: {
    redis: { type: 'string', default: '' },
    postgres: { type: 'string', default: '' },
    queue: { type: 'string', default: '' },
    simulator: { type: 'string', default: '' },
    tools: { type: 'string', default: '' },
    concurrency: { type: 'string', default: '32' },
  },
});

const pool = new pg.Pool({ connectionString: values.postgres, max: 20 });
const loop = await openStockLoop(values.simulator, values.tools);
const connection = new Redis(values.redis, { maxRetriesPerRequest: null });

const worker = new Worker<{ session: string; query: string }>(
  values.queue,
  async ({ data: { session, query } }) => {
    const { rows } = await pool.query('SELECT messages FROM sessions WHERE id = $1', [session]);
    const messages = (rows[0]?.messages ?? []) as Anthropic.MessageParam[];
    const answer = await loop.run(messages, query);
    await pool.query('UPDATE sessions SET messages = $2 WHERE id = $1', [session, JSON.stringify(messages)]);
    return answer;
  },
  { connection: connection as never, concurrency: Number(values.concurrency) },
);
await worker.waitUntilReady();
console.log('ready at http://127.0.0.1:1');
process.once('SIGTERM', async () => {
  await worker.close();
  await Promise.all([pool.end(), loop.close()]);
  connection.disconnect();
});
