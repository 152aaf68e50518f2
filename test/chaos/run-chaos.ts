import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkAll } from './checks/all-checks.ts';
import type { Evidence, Violation } from './checks/check.ts';
import type { Fault } from './faults/fault.ts';
import type { Fleet } from './fleet/setup.ts';
import { startFleet } from './fleet/start-fleet.ts';
import { stopAll } from './fleet/stop-fleet.ts';
import { gather, totalsOf } from './gather.ts';
import { BatchLoad } from './load/batch-load.ts';
import { type Producer, startProducer } from './load/producer.ts';
import { runLoad } from './load/run-load.ts';
import { Observer } from './observer.ts';
import type { TopologyName } from './options.ts';
import { seeded } from './random.ts';
import { heal, recover } from './recover.ts';
import { type FaultEntry, runSchedule } from './schedule.ts';

/** One run of the suite. */
export interface RunPlan {
  topology: TopologyName;
  seed: number;
  faultMs: number;
  /** Lines of a batch that is submitted at the beginning; 0 for none. */
  batchLines: number;
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
    const load = await trouble(fleet, observer, plan);
    const queue = await recover(fleet, observer, load, plan);
    const evidence = await gather(fleet, { observer, ...load, queue });
    const violations = checkAll(evidence);
    keep = violations.length > 0;
    return {
      evidence,
      violations,
      folder,
      totals: totalsOf(fleet, evidence, load.producer),
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
): Promise<{ producer: Producer; batch: BatchLoad | null; faults: FaultEntry[] }> {
  const random = seeded(plan.seed);
  const over = AbortSignal.any([plan.signal, AbortSignal.timeout(plan.faultMs)]);
  const watched = new AbortController();
  const producer = startProducer(fleet.apiUrl, random.fork('producer'), over);
  const watching = observer.run(watched.signal);
  const batch =
    plan.batchLines === 0 ? null : new BatchLoad(fleet.apiUrl, plan.batchLines, random.fork('batch'));
  const load = Promise.all([runLoad(producer, random.fork('load'), over), batch?.submit(over)]);
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
  return { producer, batch, faults };
}

function untilOver(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
