import { replyStep } from './call-model.ts';
import { waitForBatch } from './end-turn.ts';
import { FleetError } from './errors.ts';
import type { OfflineCall } from './offline-call.ts';
import type { Outcome } from './outcome.ts';
import { type Running, Superseded } from './running.ts';
import type { ReplyStep } from './step.ts';
import { p95 } from './upstream-batch.ts';

/** Upstream batches that the estimate of their duration looks at. */
const measured = 200;

/** The call that this round was left to an upstream batch with; null when it was not. */
export function askedOffline({ asked }: Running, round: number): OfflineCall | null {
  return asked?.round === round ? asked : null;
}

/**
 * The reply of a round from an upstream batch. Where there is none yet, the job is left waiting for it, which is the
 * outcome that is returned. Null when the model is to be asked live. Throws the fault that came instead of a reply.
 */
export async function replyOffline(running: Running, round: number): Promise<ReplyStep | Outcome | null> {
  if (running.record.job.agent.execution === 'live') return null;
  const asked = askedOffline(running, round);
  if (asked?.answer) return adopt(running, asked);
  const waitMs = await patience(running);
  if (waitMs === null) {
    const free = asked === null || (await running.ports.store.withdrawCall(running.fence, asked));
    if (free) return null;
  }
  if (asked === null) await ask(running, round);
  return waitForBatch(running, waitMs ?? Number.POSITIVE_INFINITY);
}

async function ask(running: Running, round: number): Promise<void> {
  const { model } = running.record.job.agent;
  const call = { round, model, toolset: running.toolset.hash };
  const asked = await running.ports.store.askOffline(running.fence, call);
  if (asked === 'superseded') throw new Superseded();
}

/** A reply that nothing can be built on is given up, so that it can be asked for again. */
async function adopt(running: Running, call: OfflineCall): Promise<ReplyStep> {
  const { answer, round, toolset } = call;
  try {
    if (answer?.kind !== 'reply') throw new FleetError(answer?.code ?? 'internal', answer?.message ?? '');
    const ms = Math.max(0, running.ports.clock.now() - call.askedAt.getTime());
    return replyStep(running, answer.reply, { round, toolset, ms });
  } catch (thrown) {
    await running.ports.store.withdrawCall(running.fence, call);
    throw thrown;
  }
}

/**
 * Milliseconds for which the job can wait for an upstream batch before it has to go on live; null when it is to
 * run live as it is.
 */
async function patience(running: Running): Promise<number | null> {
  const { record, ports, deadlineAt } = running;
  const { job } = record;
  const takes = ports.model.takesBatches?.(job.agent.model) ?? false;
  if (job.agent.execution === 'provider_batch') {
    if (takes) return Number.POSITIVE_INFINITY;
    const message = `The agent's execution is provider_batch, and the provider of ${job.agent.model} takes no batches. Use live or auto.`;
    throw new FleetError('unknown_model', message);
  }
  const endsAt = job.batchId === null ? deadlineAt : (deadlineAt ?? job.expiresAt?.getTime() ?? null);
  // Somebody waits for a turn of a session that is no line of a batch, and for a job that says nothing of its time.
  const isWaitedFor = job.batchId === null && job.sessionId !== null;
  if (!takes || isWaitedFor || endsAt === null) return null;
  const neededMs = p95(await ports.store.upstreamDurations(measured));
  const spareMs = endsAt - ports.clock.now() - neededMs;
  return spareMs > 0 ? spareMs : null;
}
