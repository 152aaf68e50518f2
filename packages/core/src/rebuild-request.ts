import type { ContextStore } from './context-store.ts';
import { fitContext } from './fit-context.ts';
import { isTerminal, type Job, type Turn } from './job.ts';
import { JobRecord } from './job-record.ts';
import type { OfflineCall } from './offline-call.ts';
import type { ModelRequest } from './ports.ts';
import { toRequest } from './to-request.ts';

/**
 * What a call that was left to an upstream batch asks the model, from the job's record. Null when the job has ended
 * or gone on without it.
 */
export async function rebuildRequest(
  store: Pick<ContextStore, 'job' | 'steps' | 'session' | 'turns' | 'toolset'>,
  call: OfflineCall,
): Promise<ModelRequest | null> {
  const job = await store.job(call.tenant, call.jobId);
  if (job === null || isTerminal(job.state)) return null;
  const [steps, turns, toolset] = await Promise.all([
    store.steps(job.id),
    earlierTurns(store, job),
    store.toolset(call.toolset),
  ]);
  const next = new JobRecord(job, turns, steps, []).next();
  if (next.kind !== 'call_model' || next.round !== call.round || toolset === null) return null;
  const { messages } = fitContext(turns, job.agent.contextTokens);
  return toRequest(job, [...job.context, ...messages], steps, toolset);
}

/** The turns that the job began with: its session is its own until it ends, so they are the same ones. */
async function earlierTurns(store: Pick<ContextStore, 'session' | 'turns'>, job: Job): Promise<Turn[]> {
  if (job.sessionId === null) return [];
  const [session, turns] = await Promise.all([
    store.session(job.tenant, job.sessionId),
    store.turns(job.tenant, job.sessionId),
  ]);
  return turns.filter((turn) => turn.turn >= (session?.contextFrom ?? 0));
}
