import type { Behavior, ScalingRules } from './scaling-rules.ts';

/** By how much a simulation is smaller than the cluster. */
export interface Shrink {
  /** Every duration is divided by this. */
  time: number;
  /** The jobs for one worker, and those that it holds at once, are divided by this. */
  jobs: number;
}

/** The same rules for a smaller and faster world. The numbers of workers stay as they are. */
export function shrinkRules(rules: ScalingRules, by: Shrink): ScalingRules {
  const shrunk = ({ stabilizationMs, policies }: Behavior): Behavior => ({
    stabilizationMs: stabilizationMs / by.time,
    policies: policies.map((each) => ({ ...each, periodMs: each.periodMs / by.time })),
  });
  return {
    ...rules,
    threshold: rules.threshold / by.jobs,
    activation: rules.activation / by.jobs,
    concurrency: rules.concurrency / by.jobs,
    scrapeMs: rules.scrapeMs / by.time,
    pollMs: rules.pollMs / by.time,
    syncMs: rules.syncMs / by.time,
    cooldownMs: rules.cooldownMs / by.time,
    up: shrunk(rules.up),
    down: shrunk(rules.down),
  };
}
