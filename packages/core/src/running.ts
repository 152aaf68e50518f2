import type { ContextStore } from './context-store.ts';
import type { FleetEvent } from './events.ts';
import type { Fence } from './fence.ts';
import type { JobRecord } from './job-record.ts';
import type { OfflineCall } from './offline-call.ts';
import { persist } from './persist.ts';
import type { Clock, Model, ToolProvider, Toolset } from './ports.ts';
import type { PriceList } from './price-list.ts';
import type { Step } from './step.ts';

/** What the loop needs from outside. */
export interface RunPorts {
  store: ContextStore;
  model: Model;
  tools: ToolProvider;
  clock: Clock;
}

/** How the fleet is set up, as far as the loop cares. */
export interface RunPolicy {
  /** `strict` flushes every step to disk; `default` only what design.md, invariant 10 names. */
  durability: 'default' | 'strict';
  prices: PriceList;
}

/** Set by the worker when it hears of it, read by the loop between two steps. */
export interface RunRequests {
  /** Queries wait to join this turn. */
  join: boolean;
  /** The turn is to stop with what it has; `signal` aborts as well. */
  interrupt: boolean;
}

/** Thrown inside the loop when the fence no longer holds; it never leaves runJob. */
export class Superseded extends Error {}

type WithoutJob<T> = T extends unknown ? Omit<T, 'job'> : never;

/** A job that this worker holds, while it runs. */
export interface Running {
  ports: RunPorts;
  policy: RunPolicy;
  fence: Fence;
  record: JobRecord;
  toolset: Toolset;
  /** What the job left to an upstream batch last; null for agents that run live. */
  asked: OfflineCall | null;
  /** Its batch has a budget. */
  batchBudgeted: boolean;
  /** Aborts in the middle of a step: lock lost, drain time over, interrupted, or the deadline has come. */
  signal: AbortSignal;
  /** When the deadline comes, by this worker's own clock; null without one. */
  deadlineAt: number | null;
  /** What later queries ask of this turn; the worker sets it while the job runs. */
  requests: RunRequests;
  /** Ids of jobs whose queries are in the record; null while none was ever set to join. */
  joined: string[] | null;
  emit(event: WithoutJob<FleetEvent>): void;
}

/** Records a step, or adopts the one that stands at its position. */
export async function recordStep(running: Running, step: Step): Promise<void> {
  const durable = running.policy.durability === 'strict' || isUnsafeResult(running, step);
  const { store } = running.ports;
  const { written: recorded } = await persist(running, () =>
    store.recordStep(running.fence, step, { durable }),
  );
  if (recorded.kind === 'superseded') throw new Superseded();
  const standing = recorded.kind === 'taken' ? recorded.step : step;
  running.record.add(standing);
  reportStep(running, standing, recorded.kind === 'taken');
}

export function reportStep(running: Running, step: Step, adopted: boolean): void {
  const priced = running.policy.prices.of(running.record.job.agent.model)?.name ?? null;
  running.emit({ type: 'step_recorded', step, adopted, priced });
}

/** Losing the result of an unsafe call would turn a known outcome into an unknown one. */
function isUnsafeResult(running: Running, step: Step): boolean {
  if (step.kind !== 'result') return false;
  return running.toolset.tools.some((tool) => tool.name === step.tool && tool.safety === 'unsafe');
}
