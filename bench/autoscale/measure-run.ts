import type { Job } from '@mcp-fleet/core';
import { predictDrainMs } from './predict-drain.ts';
import type { LoadPlan, Phase, Stream } from './run-load.ts';
import type { ScalingRules } from './scaling-rules.ts';
import type { SimulatedCluster } from './simulated-cluster.ts';

/** What a worker may take to start, and by what a drain may exceed the prediction, in the targets. */
export const allowance = { startMs: 2_000, factor: 1.5 };

/** Calls of the model that each job makes. */
export const callsOfJob = 2;

export interface MeasuredJob {
  job: Job;
  phase: Phase['name'];
  /** Whole replies of the model, and requests, of which some were refused. */
  replies: number;
  requests: number;
}

export interface Drain {
  name: string;
  jobs: number;
  /** From the first submission to the end of the last job: by the formula, allowed, and measured. */
  predictedMs: number;
  targetMs: number;
  measuredMs: number;
  mostWorkers: number;
}

/** The jobs of a run as the store has them, with what the model was asked for. */
export async function gatherJobs(
  cluster: SimulatedCluster,
  phases: readonly Phase[],
): Promise<MeasuredJob[]> {
  const calls = await cluster.modelCalls();
  const jobs = phases.flatMap(({ name, ids }) =>
    ids.map(async (id) => ({
      job: await cluster.job(id),
      phase: name,
      replies: calls[id]?.replies.length ?? 0,
      requests: calls[id]?.requests ?? 0,
    })),
  );
  return Promise.all(jobs);
}

/** How long each burst took, beside what the rules lead one to expect. */
export function measureDrains(
  cluster: SimulatedCluster,
  rules: ScalingRules,
  plan: LoadPlan,
  modelMs: number,
  jobs: readonly MeasuredJob[],
): Drain[] {
  const bursts: [Phase['name'], Stream][] = [
    ['first burst', plan.first],
    ['second burst', plan.second],
  ];
  return bursts.map(([name, stream]) => {
    // Those that the model refused wait for the time that it asked for.
    const own = jobs.filter(({ phase, requests }) => phase === name && requests === callsOfJob);
    const fromMs = Math.min(...own.map(({ job }) => job.createdAt.getTime()));
    const toMs = Math.max(...own.map(({ job }) => job.endedAt?.getTime() ?? Number.POSITIVE_INFINITY));
    const jobMs = callsOfJob * modelMs;
    const predictedMs = predictDrainMs(rules, { ...stream, jobMs, startMs: allowance.startMs });
    const { samples, begunAt } = cluster.autoscaler;
    const meanwhile = samples.filter(({ atMs }) => begunAt + atMs >= fromMs && begunAt + atMs <= toMs);
    return {
      name,
      jobs: own.length,
      predictedMs,
      targetMs: predictedMs * allowance.factor,
      measuredMs: toMs - fromMs,
      mostWorkers: Math.max(...meanwhile.map(({ wanted }) => wanted)),
    };
  });
}

/** Milliseconds from the time at which each job with a time was due until a worker took it. */
export function wakingMs(jobs: readonly MeasuredJob[]): number[] {
  return jobs.flatMap(({ job }) =>
    job.notBefore && job.startedAt ? [job.startedAt.getTime() - job.notBefore.getTime()] : [],
  );
}

/** Jobs that ended in each second of the run. */
export function endedPerSecond(cluster: SimulatedCluster, jobs: readonly MeasuredJob[]): number[] {
  const { samples, begunAt } = cluster.autoscaler;
  const ended: number[] = Array(Math.ceil((samples.at(-1)?.atMs ?? 0) / 1_000)).fill(0);
  for (const { job } of jobs) {
    const second = Math.floor(((job.endedAt?.getTime() ?? Number.NaN) - begunAt) / 1_000);
    if (ended[second] !== undefined) ended[second] += 1;
  }
  return ended;
}
