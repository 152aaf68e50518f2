import { setTimeout as sleep } from 'node:timers/promises';
import { BullJobQueue, openQueueBackend } from '@mcp-fleet/queue';
import type { Evidence } from './checks/check.ts';
import type { Fleet } from './fleet/setup.ts';
import { keepStarting, startWorker } from './fleet/start-fleet.ts';
import type { BatchLoad } from './load/batch-load.ts';
import type { Producer } from './load/producer.ts';
import { isEnded, type Observer } from './observer.ts';
import type { RunPlan } from './run-chaos.ts';
import { toolServers } from './servers/ledgers.ts';

/** Puts everything right again, whatever state the last faults left it in. */
export async function heal(fleet: Fleet): Promise<void> {
  await Promise.all([keepStarting(fleet.storeServer.process), keepStarting(fleet.queueServer.process)]);
  await fleet.simulator.clearScripts();
  for (const server of toolServers) fleet.ledgers.setMode(server, 'well');
  await Promise.all([fleet.httpTools, fleet.api, fleet.reconciler].map((each) => keepStarting(each)));
  await Promise.all(
    fleet.workers.map(async (worker) => {
      worker.queueProxy.reset();
      worker.storeProxy.reset();
      worker.process.signal('SIGCONT');
      await startWorker(fleet, worker);
    }),
  );
}

/** Waits until every job has ended and the queue is empty, but not forever; returns what is left in the queue. */
export async function recover(
  fleet: Fleet,
  observer: Observer,
  { producer, batch }: { producer: Producer; batch: BatchLoad | null },
  plan: Pick<RunPlan, 'drainMs' | 'log'>,
): Promise<Evidence['queue']> {
  const backend = openQueueBackend(fleet.queueServer.url(), { queueName: fleet.queueName });
  const queue = new BullJobQueue(backend);
  await queue.start();
  const begun = performance.now();
  let counts = await queue.counts();
  try {
    for (;;) {
      const jobs = await observer.look().catch(() => []);
      counts = await queue.counts();
      const open = jobs.filter((job) => !isEnded(job)).length;
      const unknown = producer.submissions.length - jobs.length;
      const inQueue = counts.waiting + counts.active + counts.delayed;
      const standing = (await batch?.look()) ?? null;
      const lines = batch === null || standing?.state === 'ended';
      if (open === 0 && unknown <= 0 && inQueue === 0 && lines) break;
      if (performance.now() - begun > plan.drainMs) break;
      await sleep(500);
    }
    await observer.look();
    await observer.look();
    plan.log(`  recovered in ${((performance.now() - begun) / 1000).toFixed(1)} s`);
    return counts;
  } finally {
    await queue.stop();
    await backend.close();
  }
}
