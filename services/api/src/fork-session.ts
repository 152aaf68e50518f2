import {
  cutTurn,
  FleetError,
  type Job,
  plainJob,
  type Session,
  type Step,
  type Turn,
  textOf,
  totalsOf,
  turnMessages,
} from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import { type MessagePlace, messageId, parseMessageId } from './message-id.ts';
import type { ApiParts } from './parts.ts';

/** What a fork is made with; the rest is that of the session. */
export interface Fork {
  /** The last job whose messages the fork has. */
  untilJob: string | undefined;
  /** The last message that the fork has; with the results of the calls that it asks for. */
  untilMessage: string | undefined;
  metadata: Record<string, string> | undefined;
}

/** A turn that the fork begins with. `isCut` when it ends before the original did. */
interface CopiedTurn extends Turn {
  isCut: boolean;
}

/**
 * Makes a session that begins with the turns of another. Each is copied with its record as a job of its own, ended
 * as the original ended, so that neither session depends on the other. It costs no tokens, and no webhook is told.
 */
export async function forkSession(
  { store }: Pick<ApiParts, 'store'>,
  source: Session,
  { untilJob, untilMessage, metadata }: Fork,
): Promise<Session> {
  const { tenant, agent, onBusy, ttlSeconds } = source;
  let turns = (await store.turns(tenant, source.id)).map((turn) => ({ ...turn, isCut: false }));
  if (untilJob !== undefined) turns = upToJob(turns, untilJob, source.id);
  if (untilMessage !== undefined) turns = upToMessage(turns, untilMessage, source.id);
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

function upToJob(turns: CopiedTurn[], jobId: string, sessionId: string): CopiedTurn[] {
  const last = turns.findIndex((turn) => turn.jobId === jobId);
  if (last >= 0) return turns.slice(0, last + 1);
  throw new FleetError('not_found', `Session ${sessionId} has no messages of a job ${jobId}.`);
}

function upToMessage(turns: CopiedTurn[], id: string, sessionId: string): CopiedTurn[] {
  const at = parseMessageId(id);
  const turn = turns.find(({ jobId }) => jobId === at?.jobId);
  const steps = at && turn ? cutTurn(turn, at.n) : null;
  if (!at || !turn || steps === null) {
    throw new FleetError('not_found', `Session ${sessionId} has no message ${id}.`);
  }
  const before = turns.slice(0, turns.indexOf(turn));
  if (steps === 'query') throw endsWithQuery(at, before.at(-1));
  return [...before, { ...turn, steps, isCut: steps.length < turn.steps.length }];
}

function endsWithQuery({ jobId, n }: MessagePlace, turnBefore: Turn | undefined): FleetError {
  const again =
    n > 0 || turnBefore
      ? `fork at ${n > 0 ? messageId(jobId, n - 1) : lastMessageOf(turnBefore as Turn)} and send it again`
      : 'send it to a new session';
  return new FleetError(
    'invalid_request',
    `Message ${messageId(jobId, n)} ends with a query, and a fork cannot end with one that has no answer. ` +
      `Fork at a reply or at tool results: at ${messageId(jobId, n + 1)} to keep the answer, ` +
      `or ${again}.`,
  );
}

const lastMessageOf = ({ jobId, query, steps }: Turn) =>
  messageId(jobId, turnMessages(query, steps).length - 1);

/**
 * Should it be cut off behind the accept, a worker ends the copy as it ends any job: from its record, or, of a turn
 * that was cut, by going on with it. Nobody has been told of the fork then.
 */
async function copyTurn(
  store: ApiParts['store'],
  fork: Session,
  turn: CopiedTurn,
  original: Job | null,
): Promise<void> {
  if (!original) throw new FleetError('session_not_found', `The session was deleted while it was copied.`);
  const { jobId, query, steps, isCut } = turn;
  const { agent, metadata } = original;
  const { answer, stopReason } = isCut ? endOf(steps) : original;
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
  const fence = {
    jobId: id,
    tenant: fork.tenant,
    sessionId: fork.id,
    epoch: take.job.epoch,
    owner: take.owner,
  };
  const state = 'succeeded' as const;
  const totals = totalsOf([]);
  await store.settle(fence, { state, step: null, answer, stopReason, error: null, totals, joined: null });
  await store.announce(id, []);
}

/** What a turn had come to: all that was said so far. */
function endOf(steps: readonly Step[]): { answer: string; stopReason: string | null } {
  const replies = steps.filter((step) => step.kind === 'reply');
  const said = replies.map((reply) => textOf(reply.content)).filter((text) => text !== '');
  return { answer: said.join('\n\n'), stopReason: replies.at(-1)?.stopReason ?? null };
}
