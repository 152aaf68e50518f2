import type { Behavior, ScalingRules } from './scaling-rules.ts';

/** What KEDA and the Kubernetes autoscaler remember between their rounds. Times are in milliseconds. */
export interface Scaling {
  /** Workers that there are to be. */
  replicas: number;
  lastActiveMs: number | null;
  /** What the metric alone asked for, the latest last. */
  recommended: readonly { atMs: number; replicas: number }[];
  /** What the Kubernetes autoscaler added (or removed, below 0). */
  changes: readonly { atMs: number; by: number }[];
}

export const noWorkers: Scaling = { replicas: 0, lastActiveMs: null, recommended: [], changes: [] };

/** A look of KEDA, which decides between the minimum and more: it starts from none, and ends all after the cooldown. */
export function poll(rules: ScalingRules, scaling: Scaling, metric: number, nowMs: number): Scaling {
  const isActive = metric > rules.activation;
  if (isActive) {
    const replicas = Math.max(scaling.replicas, rules.min, 1);
    return { ...scaling, replicas, lastActiveMs: nowMs };
  }
  if (scaling.replicas < rules.min) return { ...scaling, replicas: rules.min };
  const hasCooled = scaling.lastActiveMs === null || nowMs - scaling.lastActiveMs > rules.cooldownMs;
  return rules.min === 0 && hasCooled ? { ...scaling, replicas: 0 } : scaling;
}

/** A round of the Kubernetes autoscaler, which decides between one worker and the maximum. */
export function sync(rules: ScalingRules, scaling: Scaling, metric: number, nowMs: number): Scaling {
  if (scaling.replicas === 0) return scaling;
  const now = { atMs: nowMs, replicas: recommend(rules, scaling.replicas, metric) };
  const longest = Math.max(rules.up.stabilizationMs, rules.down.stabilizationMs);
  const recommended = [...scaling.recommended.filter(({ atMs }) => atMs > nowMs - longest), now];
  const stable = stabilize(rules, scaling.replicas, recommended, nowMs);
  const replicas = limit(rules, scaling, stable, nowMs);
  const by = replicas - scaling.replicas;
  const changes = by === 0 ? scaling.changes : [...scaling.changes, { atMs: nowMs, by }];
  return { ...scaling, replicas, recommended, changes };
}

/** `ceil(metric / threshold)`, unless the workers that there are fit the metric within the tolerance. */
export function recommend(rules: ScalingRules, replicas: number, metric: number): number {
  const ratio = metric / (rules.threshold * replicas);
  return Math.abs(1 - ratio) <= rules.tolerance ? replicas : Math.ceil(metric / rules.threshold);
}

/** No fewer than were asked for at any time within the window of the way down, no more than within that of the way up. */
function stabilize(
  rules: ScalingRules,
  replicas: number,
  recommended: Scaling['recommended'],
  nowMs: number,
): number {
  const within = ({ stabilizationMs }: Behavior) =>
    recommended
      .filter(({ atMs }) => atMs === nowMs || atMs > nowMs - stabilizationMs)
      .map((each) => each.replicas);
  const least = Math.min(...within(rules.up));
  const most = Math.max(...within(rules.down));
  return Math.min(Math.max(replicas, least), most);
}

/** What the policies allow at once, within the least and the most. */
function limit(rules: ScalingRules, scaling: Scaling, wanted: number, nowMs: number): number {
  const { replicas, changes } = scaling;
  const periodStart = (periodMs: number) =>
    changes.filter(({ atMs }) => atMs > nowMs - periodMs).reduce((sum, { by }) => sum - by, replicas);
  if (wanted > replicas) {
    const allowed = rules.up.policies.map(({ type, value, periodMs }) => {
      const start = periodStart(periodMs);
      return type === 'Pods' ? start + value : Math.ceil(start * (1 + value / 100));
    });
    return Math.min(wanted, rules.max, Math.max(replicas, ...allowed));
  }
  const allowed = rules.down.policies.map(({ type, value, periodMs }) => {
    const start = periodStart(periodMs);
    return type === 'Pods' ? start - value : Math.trunc(start * (1 - value / 100));
  });
  return Math.max(wanted, rules.min, 1, Math.min(replicas, ...allowed));
}
