// Puts ids into a queue, takes them out again, prints each and keeps it until the process is killed.
// Usage: node hold-queue.ts URL|FOLDER QUEUE_NAME ID...
import { BullJobQueue, JobConsumer } from '@mcp-fleet/queue';
import { openPlace } from '../../contract/queue/fixtures.ts';

const [target = '', queueName = '', ...ids] = process.argv.slice(2);
const place = await openPlace(target);
const backend = place.backend(queueName);
await backend.migrate();
const queue = new BullJobQueue(backend);
await queue.start();
await queue.addMany(ids.map((jobId) => ({ jobId })));
const consumer = new JobConsumer(
  backend,
  (jobId) => {
    console.log(jobId);
    return new Promise(() => undefined);
  },
  {
    lane: 'interactive',
    concurrency: ids.length,
    lockMs: 1_000,
    waiting: async () => 0,
    onError: (error) => console.error(error),
  },
);
await consumer.start();
