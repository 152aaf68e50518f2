import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BullJobQueue, openQueueBackend } from '@mcp-fleet/queue';
import { checkAll } from './checks/all-checks.ts';
import type { Evidence, Violation } from './checks/check.ts';
import type { Fault } from './faults/fault.ts';
import type { Fleet } from './fleet/setup.ts';
import { keepStarting, startFleet, startWorker } from './fleet/start-fleet.ts';
import { allProcesses, stopAll, stopOwnProcesses } from './fleet/stop-fleet.ts';
import { fleetLeftovers, processesOf } from './leftovers.ts';
import { type Producer, startProducer } from './load/producer.ts';
import { runLoad } from './load/run-load.ts';
import { isEnded, Observer } from './observer.ts';
import type { TopologyName } from './options.ts';
import { seeded } from './random.ts';
import { type FaultEntry, runSchedule } from './schedule.ts';
import { toolServers } from './servers/ledgers.ts';

/** One run of the suite. */
export interface RunPlan {
  topology: TopologyName;
  seed: number;
  faultMs: number;
  /** How long jobs get to end once everything works again. */
  drainMs: number;
  faults: readonly Fault[];
  defect: string | null;
  /** Done to the store before the fleet takes its first job; the deliberate defects of a database. */
  prepare?: (fleet: Fleet) => Promise<void>;
  /** Ends the run early, as soon as it can be. */
  signal: AbortSignal;
  log: (line: string) => void;
}

/** What a run came to. */
export interface RunResult {
  evidence: Evidence;
  violations: Violation[];
  /** Logs of all processes; kept when something was violated. */
  folder: string;
  totals: Record<string, number>;
  /** What the processes that were started with a deliberate defect said of it (defects/register.ts). */
  defectMarks: string[];
}

/** Runs a fleet under load and faults, lets it recover, and looks whether every promise was kept. */
export async function runChaos(plan: RunPlan): Promise<RunResult> {
  const folder = mkdtempSync(join(tmpdir(), 'fleet-chaos-'));
  const opened: Partial<Fleet> = {};
  let keep = true;
  try {
    const durability = plan.faults.some((fault) => fault.crashesStore) ? 'strict' : 'default';
    const { topology, defect } = plan;
    const fleet = await startFleet({ topology, folder, durability, defect }, opened);
    await plan.prepare?.(fleet);
    plan.log(`${topology}, seed ${plan.seed}, durability ${durability}: fleet is up, logs in ${folder}`);
    const observer = new Observer(fleet.view);
    const { producer, faults } = await trouble(fleet, observer, plan);
    const queue = await recover(fleet, observer, producer, plan);
    const evidence = await gather(fleet, { observer, producer, faults, queue });
    const violations = checkAll(evidence);
    keep = violations.length > 0;
    return {
      evidence,
      violations,
      folder,
      totals: totalsOf(fleet, evidence, producer),
      defectMarks: readdirSync(join(folder, 'defects')).map((name) =>
        readFileSync(join(folder, 'defects', name), 'utf8'),
      ),
    };
  } finally {
    await stopAll(opened);
    if (!keep) await rm(folder, { recursive: true, force: true });
    else await Promise.all(['postgres', 'mongo', 'redis'].map((name) => remove(join(folder, name))));
  }
}

const remove = (path: string) => rm(path, { recursive: true, force: true });

/** Load and faults, until the time is over. */
async function trouble(
  fleet: Fleet,
  observer: Observer,
  plan: RunPlan,
): Promise<{ producer: Producer; faults: FaultEntry[] }> {
  const random = seeded(plan.seed);
  const over = AbortSignal.any([plan.signal, AbortSignal.timeout(plan.faultMs)]);
  const watched = new AbortController();
  const producer = startProducer(fleet.apiUrl, random.fork('producer'), over);
  const watching = observer.run(watched.signal);
  const load = runLoad(producer, random.fork('load'), over);
  const faults = await runSchedule(fleet, plan.faults, random.fork('faults'), {
    signal: over,
    onFault: ({ name, what, failed }) =>
      plan.log(`  ${name}: ${what}${failed === null ? '' : ` (FAILED: ${failed})`}`),
  });
  await untilOver(over);
  await heal(fleet);
  await load;
  watched.abort();
  await watching;
  return { producer, faults };
}

function untilOver(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** Puts everything right again, whatever state the last faults left it in. */
async function heal(fleet: Fleet): Promise<void> {
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

/** Waits until every job has ended and the queue is empty, but not forever. */
async function recover(fleet: Fleet, observer: Observer, producer: Producer, plan: RunPlan) {
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
      if (open === 0 && unknown <= 0 && inQueue === 0) break;
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

/** Reads everything that there is to check, and ends the fleet, which is checked too. */
async function gather(
  fleet: Fleet,
  run: { observer: Observer; producer: Producer; faults: FaultEntry[]; queue: Evidence['queue'] },
): Promise<Evidence> {
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

function totalsOf(fleet: Fleet, { jobs, steps, ledger, requests, faults }: Evidence, producer: Producer) {
  const logs = fleet.workers.map(({ process }) => readFileSync(process.spec.log, 'utf8')).join('');
  const results = steps.filter((step) => step.slot > 0).map((step) => step.body);
  return {
    jobs: jobs.length,
    succeeded: jobs.filter((job) => job.state === 'succeeded').length,
    failed: jobs.filter((job) => job.state === 'failed').length,
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
