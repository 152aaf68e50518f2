import { setTimeout as sleep } from 'node:timers/promises';
import {
  BullJobQueue,
  JobConsumer,
  openPooledBackend,
  openQueueBackend,
  type QueueBackend,
} from '@mcp-fleet/queue';
import { startEmbeddedPostgres } from '@mcp-fleet/runtime';

const samples = 200;

/**
 * How long an idle worker takes to start a job after its id was submitted: from the call of `add` to the start
 * of the handler, producer and worker in one process. Not measured here: the store and the api.
 */
export async function benchIdle(): Promise<void> {
  const embedded = await startEmbeddedPostgres(null);
  await report('PGlite', openPooledBackend(embedded.pool as never));
  await embedded.stop();
  const { BENCH_REDIS_URL, BENCH_POSTGRES_URL } = process.env;
  const queueName = `bench-${process.pid}`;
  if (BENCH_REDIS_URL) await report('Redis', openQueueBackend(BENCH_REDIS_URL, { queueName }));
  else console.log('left out: Redis (set BENCH_REDIS_URL)');
  if (BENCH_POSTGRES_URL) await report('PostgreSQL', openQueueBackend(BENCH_POSTGRES_URL, { queueName }));
  else console.log('left out: PostgreSQL (set BENCH_POSTGRES_URL)');
}

async function report(name: string, backend: QueueBackend): Promise<void> {
  await backend.migrate();
  const queue = new BullJobQueue(backend);
  const started = new Map<string, (at: number) => void>();
  const handle = async (jobId: string) => {
    started.get(jobId)?.(performance.now());
    return { kind: 'done' as const };
  };
  const waiting = async () => (await queue.counts()).waiting;
  const options = {
    lane: 'interactive' as const,
    concurrency: 100,
    lockMs: 30_000,
    waiting,
    onError: (error: Error) => console.error(error),
  };
  const consumer = new JobConsumer(backend, handle, options);
  await Promise.all([consumer.start(), queue.start()]);
  const times: number[] = [];
  for (let n = 0; n < samples; n += 1) {
    const jobId = `idle-${process.pid}-${n}`;
    const start = new Promise<number>((resolve) => started.set(jobId, resolve));
    const submitted = performance.now();
    await queue.add(jobId);
    times.push((await start) - submitted);
    // Long enough for the worker to be idle again.
    await sleep(20);
  }
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.floor(samples * share)] ?? Number.NaN).toFixed(1);
  console.log(
    `${name}: an idle worker starts a job in ${at(0.5)} ms (p50), ${at(0.95)} ms (p95), ${at(0.99)} ms (p99)`,
  );
  await consumer.stop(1_000);
  await queue.stop();
  await backend.close();
}
