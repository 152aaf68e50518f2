import type { Sample } from './autoscaler.ts';
import { callsOfJob, type Drain, type MeasuredJob } from './measure-run.ts';
import type { LoadPlan } from './run-load.ts';
import type { WorkerPool } from './worker-pool.ts';

export interface Check {
  name: string;
  holds: boolean;
  detail: string;
}

/** What a run is to have shown. */
export function checkRun(run: {
  plan: LoadPlan;
  jobs: readonly MeasuredJob[];
  drains: readonly Drain[];
  samples: readonly Sample[];
  pool: WorkerPool;
}): Check[] {
  const { plan, jobs, drains, samples, pool } = run;
  const accepted = plan.first.jobs + plan.due + plan.second.jobs + plan.trickle.jobs;
  const ids = new Set(jobs.map(({ job }) => job.id));
  const succeeded = jobs.filter(({ job }) => job.state === 'succeeded');
  const once = jobs.filter(({ replies }) => replies === callsOfJob);
  const refused = jobs.filter(({ requests }) => requests > callsOfJob);
  const asleep = samples.filter(({ processes, delayed }) => processes === 0 && delayed > 0);
  const mostAsleep = Math.max(0, ...asleep.map(({ delayed }) => delayed));
  const last = samples.at(-1);
  const uncaught = pool.exitCodes.filter((code) => code !== 0);
  return [
    {
      name: 'every accepted job succeeded',
      holds: ids.size === accepted && succeeded.length === accepted,
      detail: `${succeeded.length} of ${accepted}`,
    },
    {
      name: 'each was answered once: no reply of the model was asked for twice',
      holds: once.length === accepted && refused.length === plan.first.parked,
      detail: `${once.length} of ${accepted} had ${callsOfJob} replies; ${refused.length} of ${plan.first.parked} met a refusal`,
    },
    {
      name: 'jobs that waited for a time while there was no worker were run',
      holds: mostAsleep === plan.due + plan.first.parked && succeeded.length === accepted,
      detail: `${mostAsleep} of ${plan.due + plan.first.parked} waited without a worker`,
    },
    ...drains.map(({ name, jobs: count, targetMs, measuredMs }) => ({
      name: `the ${name} was drained in time`,
      holds: measuredMs <= targetMs,
      detail: `${count} jobs in ${seconds(measuredMs)}, allowed ${seconds(targetMs)}`,
    })),
    {
      name: 'in the end there is no worker, and nothing is in the queue',
      holds: last?.processes === 0 && last.wanted === 0 && last.backlog + last.delayed === 0,
      detail: `${last?.processes} workers, ${last?.backlog} ids`,
    },
    {
      name: 'each worker that was told to end drained and ended by itself',
      holds: uncaught.length === 0 && pool.exitCodes.length === pool.startMs.length,
      detail: `${pool.exitCodes.length - uncaught.length} of ${pool.startMs.length}`,
    },
  ];
}

export const seconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;
