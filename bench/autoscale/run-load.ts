import { setTimeout as sleep } from 'node:timers/promises';
import type { SimulatedCluster } from './simulated-cluster.ts';

/** Jobs that come evenly. */
export interface Stream {
  jobs: number;
  perSecond: number;
}

export interface LoadPlan {
  quietMs: number;
  /** Of its jobs some meet a model that answers 503 and asks to be left alone for `parkMs`. */
  first: Stream & { parked: number; parkMs: number };
  /** Submitted while there is no worker, to start when the parked ones do. */
  due: number;
  second: Stream;
  /** Goes on after the second burst, so that workers end that hold jobs. */
  trickle: Stream;
}

/** A part of the load, with the ids of its jobs and its time by the autoscaler's clock. */
export interface Phase {
  name: 'first burst' | 'for later' | 'second burst' | 'trickle';
  fromMs: number;
  toMs: number;
  ids: string[];
}

/** Quiet, a burst, quiet until there is no worker, jobs that become due, no worker again, a bigger burst, quiet. */
export async function runLoad(cluster: SimulatedCluster, plan: LoadPlan): Promise<Phase[]> {
  const { autoscaler } = cluster;
  const phases: Phase[] = [];
  const phase = async (name: Phase['name'], work: () => Promise<string[]>) => {
    const fromMs = autoscaler.nowMs;
    phases.push({ name, fromMs, ids: await work(), toMs: autoscaler.nowMs });
  };
  await sleep(plan.quietMs);
  await cluster.refuseCalls(plan.first.parked, plan.first.parkMs);
  const dueAt = Date.now() + plan.first.parkMs + 1_000;
  await phase('first burst', () => submit(cluster, plan.first));
  await autoscaler.until(({ processes }) => processes > 0);
  await autoscaler.until(({ processes }) => processes === 0);
  const later = { not_before: new Date(dueAt).toISOString() };
  await phase('for later', () => submit(cluster, { jobs: plan.due, perSecond: 1_000 }, later));
  await autoscaler.until(({ processes }) => processes > 0);
  await autoscaler.until(({ processes, backlog, delayed }) => processes + backlog + delayed === 0);
  await sleep(plan.quietMs);
  await phase('second burst', () => submit(cluster, plan.second));
  await phase('trickle', () => submit(cluster, plan.trickle));
  await autoscaler.until(({ processes, backlog }) => processes > 0 && backlog === 0);
  await autoscaler.until(({ processes }) => processes === 0);
  await sleep(plan.quietMs);
  return phases;
}

/** Submits jobs at their rate, each as it is due, and resolves with their ids once the last is accepted. */
async function submit(
  { client }: SimulatedCluster,
  { jobs, perSecond }: Stream,
  more: { not_before?: string } = {},
): Promise<string[]> {
  const begun = performance.now();
  const accepted: Promise<string>[] = [];
  for (let n = 0; n < jobs; n += 1) {
    const waitMs = (n / perSecond) * 1_000 - (performance.now() - begun);
    if (waitMs > 0) await sleep(waitMs);
    const query = `What is ${n + 2} * ${n + 3}?`;
    accepted.push(client.jobs.create({ query, ...more }).then(({ id }) => id));
  }
  return Promise.all(accepted);
}
