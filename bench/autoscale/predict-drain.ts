import { noWorkers, poll, sync } from './replicas.ts';
import type { ScalingRules } from './scaling-rules.ts';

/** A burst, what one of its jobs takes, and what a worker takes to start. */
export interface Burst {
  jobs: number;
  perSecond: number;
  jobMs: number;
  startMs: number;
}

const stepMs = 10;

/**
 * Milliseconds from a burst's first job to the end of its last, from no worker, by the rules alone: machines that
 * are never busy, and jobs that take their time and nothing else. What is measured can only be more.
 */
export function predictDrainMs(rules: ScalingRules, burst: Burst): number {
  const readyAt: number[] = [];
  let scaling = noWorkers;
  let metric = 0;
  let submitted = 0;
  let ends: number[] = [];
  let waiting = 0;
  const isTime = (nowMs: number, everyMs: number) => nowMs % everyMs < stepMs && nowMs >= everyMs;
  for (let nowMs = 0; ; nowMs += stepMs) {
    const due = Math.min(burst.jobs, Math.floor((nowMs / 1_000) * burst.perSecond) + 1);
    waiting += due - submitted;
    submitted = due;
    ends = ends.filter((endMs) => endMs > nowMs);
    const ready = readyAt.filter((atMs) => atMs <= nowMs).length;
    const begun = Math.min(waiting, Math.max(0, ready * rules.concurrency - ends.length));
    for (let n = 0; n < begun; n += 1) ends.push(nowMs + burst.jobMs);
    waiting -= begun;
    if (submitted === burst.jobs && waiting + ends.length === 0) return nowMs;
    if (isTime(nowMs, rules.scrapeMs)) metric = waiting + ends.length;
    if (isTime(nowMs, rules.pollMs)) scaling = poll(rules, scaling, metric, nowMs);
    if (isTime(nowMs, rules.syncMs)) scaling = sync(rules, scaling, metric, nowMs);
    while (readyAt.length < scaling.replicas) readyAt.push(nowMs + burst.startMs);
    readyAt.length = Math.max(scaling.replicas, 0);
  }
}
