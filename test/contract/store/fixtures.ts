import { setImmediate as yieldTurn } from 'node:timers/promises';
import {
  agentSpec,
  type ContextStore,
  type Ending,
  type Fence,
  type NewJob,
  plainJob,
  type ReplyStep,
  type ResultStep,
  type SteerStep,
  type Take,
} from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';

/** A store that is empty and for one suite alone. */
export interface OpenedStore {
  store: ContextStore;
  close(): Promise<void>;
}

export const tenant = 'tenant_a';
export const agent = agentSpec.parse({ model: 'simulated' });

export function newJob(over: Partial<NewJob> = {}): NewJob {
  return {
    ...plainJob,
    id: newId('job'),
    tenant,
    sessionId: null,
    agent,
    query: [{ type: 'text', text: 'a query' }],
    ...over,
  };
}

export async function newSession(store: ContextStore, owner = tenant): Promise<string> {
  const id = newId('sess');
  await store.createSession({
    id,
    tenant: owner,
    agent: 'default',
    onBusy: 'enqueue',
    metadata: { made: 'for a test' },
  });
  return id;
}

export function reply(over: Partial<ReplyStep> = {}): ReplyStep {
  return {
    kind: 'reply',
    round: 0,
    slot: 0,
    content: [{ type: 'text', text: 'an answer' }],
    stopReason: 'end_turn',
    model: 'simulated',
    usage: { inputTokens: 3, outputTokens: 2, cacheReadTokens: 0, cacheWriteTokens: 0 },
    toolset: 'none',
    ms: 1,
    ...over,
  };
}

export function result(over: Partial<ResultStep> = {}): ResultStep {
  return {
    kind: 'result',
    round: 0,
    slot: 1,
    tool: 'a__tool',
    block: { type: 'tool_result', tool_use_id: 'toolu_1', content: 'a result' },
    outcome: 'ok',
    ms: 1,
    ...over,
  };
}

const totals = {
  inputTokens: 3,
  outputTokens: 2,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  modelCalls: 1,
  toolCalls: 0,
  stepMs: 1,
  cost: null,
};

export function success(over: Partial<Ending> = {}): Ending {
  return {
    state: 'succeeded',
    step: reply(),
    answer: 'an answer',
    stopReason: 'end_turn',
    error: null,
    totals,
    joined: null,
    ...over,
  };
}

export function failure(): Ending {
  const error = { code: 'model_rejected', message: 'refused' } as const;
  return { state: 'failed', step: null, answer: null, stopReason: null, error, totals, joined: null };
}

type Taken = Extract<Take, { kind: 'taken' }>;

/** Takes a job that is free to be taken. */
export async function taken(store: ContextStore, jobId: string): Promise<Taken & { fence: Fence }> {
  const take = await store.take(jobId);
  if (take.kind !== 'taken') throw new Error(`${jobId} was not taken: ${JSON.stringify(take)}`);
  return {
    ...take,
    fence: {
      jobId,
      tenant: take.job.tenant,
      sessionId: take.job.sessionId,
      epoch: take.job.epoch,
      owner: take.owner,
    },
  };
}

/** Accepts a job in a session, takes and settles it: one turn of a conversation. */
export async function playTurn(store: ContextStore, sessionId: string, ending = success()): Promise<string> {
  const { job } = await store.accept(newJob({ sessionId }));
  const { fence } = await taken(store, job.id);
  await store.settle(fence, ending);
  return job.id;
}

/** Gives the others a few turns of the event loop, a different number each time, so that races interleave. */
export async function stagger(): Promise<void> {
  for (let turns = Math.floor(Math.random() * 4); turns > 0; turns -= 1) await yieldTurn();
}

/** Runs contenders at once, each after a stagger, and collects what they came to. */
export function contend<T>(...contenders: (() => Promise<T>)[]): Promise<T[]> {
  return Promise.all(
    contenders.map(async (contender) => {
      await stagger();
      return contender();
    }),
  );
}

/** How a job ends that is canceled from outside. */
export function cancellation(joined: string[] = []): Ending {
  return { ...failure(), state: 'canceled', error: null, joined };
}

/** A query that joined, as a step of round 0. */
export function steer(...jobs: string[]): SteerStep {
  return { kind: 'steer', round: 0, slot: -1, content: [{ type: 'text', text: 'and also' }], jobs };
}
