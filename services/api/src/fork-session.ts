import { FleetError, type Job, plainJob, type Session, type Turn, totalsOf } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import type { ApiParts } from './parts.ts';

/** What a fork is made with; the rest is that of the session. */
export interface Fork {
  /** The last job whose messages the fork has; null for all. */
  until: string | null;
  metadata: Record<string, string> | undefined;
}

/**
 * Makes a session that begins with the turns of another. Each is copied with its record as a job of its own, ended
 * as the original ended, so that neither session depends on the other. It costs no tokens, and no webhook is told.
 */
export async function forkSession(
  { store }: Pick<ApiParts, 'store'>,
  source: Session,
  { until, metadata }: Fork,
): Promise<Session> {
  const { tenant, agent, onBusy, ttlSeconds } = source;
  const turns = upTo(await store.turns(tenant, source.id), until, source.id);
  const fork = await store.createSession({
    id: newId('sess'),
    tenant,
    agent,
    onBusy,
    metadata: metadata ?? source.metadata,
    ttlSeconds,
  });
  for (const turn of turns) await copyTurn(store, fork, turn, await store.job(tenant, turn.jobId));
  return fork;
}

function upTo(turns: Turn[], until: string | null, sessionId: string): Turn[] {
  if (until === null) return turns;
  const last = turns.findIndex((turn) => turn.jobId === until);
  if (last >= 0) return turns.slice(0, last + 1);
  throw new FleetError('not_found', `Session ${sessionId} has no messages of a job ${until}.`);
}

/** Should it be cut off behind the accept, a worker ends the copy from its record, which is whole. */
async function copyTurn(
  store: ApiParts['store'],
  fork: Session,
  { jobId, query, steps }: Turn,
  original: Job | null,
): Promise<void> {
  if (!original) throw new FleetError('session_not_found', `The session was deleted while it was copied.`);
  const { agent, metadata, answer, stopReason } = original;
  const id = newId('job');
  const replay = { of: jobId, steps, claims: [] };
  await store.accept({
    ...plainJob,
    id,
    tenant: fork.tenant,
    sessionId: fork.id,
    agent,
    query,
    metadata,
    replay,
  });
  const take = await store.take(id, { durable: true });
  if (take.kind !== 'taken') return;
  const fence = { jobId: id, sessionId: fork.id, epoch: take.job.epoch, owner: take.owner };
  const state = 'succeeded' as const;
  const totals = totalsOf([]);
  await store.settle(fence, { state, step: null, answer, stopReason, error: null, totals, joined: null });
  await store.announce(id, []);
}
