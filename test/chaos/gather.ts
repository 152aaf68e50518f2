import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Evidence } from './checks/check.ts';
import type { Fleet } from './fleet/setup.ts';
import { allProcesses, stopAll, stopOwnProcesses } from './fleet/stop-fleet.ts';
import { fleetLeftovers, processesOf } from './leftovers.ts';
import type { BatchLoad } from './load/batch-load.ts';
import type { Producer } from './load/producer.ts';
import type { Observer } from './observer.ts';
import type { FaultEntry } from './schedule.ts';

/** Reads everything that there is to check, and ends the fleet, which is checked too. */
export async function gather(
  fleet: Fleet,
  run: {
    observer: Observer;
    producer: Producer;
    batch: BatchLoad | null;
    faults: FaultEntry[];
    queue: Evidence['queue'];
  },
): Promise<Evidence> {
  const batch = (await run.batch?.gather()) ?? null;
  const jobs = await fleet.view.jobs();
  const steps = await fleet.view.steps();
  const requests = await fleet.simulator.requests();
  const forced = await stopOwnProcesses(fleet);
  await fleet.view.close();
  await fleet.httpTools.kill();
  await fleet.simulator.process.kill();
  await sleep(500);
  const leftovers = [
    ...forced.map((name) => `${name} did not end by itself after SIGTERM`),
    ...fleetLeftovers(fleet),
  ];
  await stopAll(fleet);
  leftovers.push(...processesOf(fleet, new Set()));
  return {
    submissions: run.producer.submissions,
    batch,
    jobs,
    steps,
    observations: run.observer.observations,
    requests,
    ledger: fleet.ledgers.entries(),
    faults: run.faults,
    lives: livesOf(fleet),
    queue: run.queue,
    leftovers,
  };
}

function livesOf(fleet: Fleet): Map<string, number> {
  return new Map(
    fleet.workers.flatMap(({ name, process }) =>
      process.startedAt.map((at, index) => [`${name}.${index + 1}`, at] as const),
    ),
  );
}

/** What there was of everything. */
export function totalsOf(
  fleet: Fleet,
  { jobs, batch, steps, ledger, requests, faults }: Evidence,
  producer: Producer,
): Record<string, number> {
  const logs = fleet.workers.map(({ process }) => readFileSync(process.spec.log, 'utf8')).join('');
  const results = steps.filter((step) => step.slot > 0).map((step) => step.body);
  return {
    jobs: jobs.length,
    succeeded: jobs.filter((job) => job.state === 'succeeded').length,
    failed: jobs.filter((job) => job.state === 'failed').length,
    ...(batch === null ? {} : { 'lines with one result': batch.results.length }),
    sessions: new Set(jobs.flatMap((job) => job.sessionId ?? [])).size,
    submissions: producer.requests,
    steps: steps.length,
    'model requests': requests.length,
    'tool calls': ledger.length,
    faults: faults.length,
    'process starts': allProcesses(fleet).reduce((sum, each) => sum + each.pids.length, 0),
    takes: jobs.reduce((sum, job) => sum + job.epoch, 0),
    superseded: logs.split('"job superseded"').length - 1,
    'unknown outcomes': results.filter((body) => body.includes('"outcome":"unknown"')).length,
  };
}
