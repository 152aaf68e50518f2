import { agentSpec, type ContextStore, type JobWebhook, plainJob, totalsOf } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';

export interface EndedJob {
  state?: 'succeeded' | 'failed';
  webhook?: JobWebhook | null;
}

/** A job that ends as a worker ends it, in the store alone: nobody tells a webhook. */
export async function endJob(
  store: ContextStore,
  tenant: string,
  { state = 'succeeded', webhook = null }: EndedJob = {},
): Promise<string> {
  const id = newId('job');
  const agent = agentSpec.parse({ model: 'simulated' });
  const query = [{ type: 'text', text: 'the secret query' }];
  const metadata = { order: '7' };
  await store.accept({ ...plainJob, id, tenant, sessionId: null, agent, query, metadata, webhook });
  const take = await store.take(id);
  if (take.kind !== 'taken') throw new Error(`${id} was not taken`);
  const failed = { code: 'limit_exceeded', message: 'the secret message' } as const;
  const error = state === 'failed' ? failed : null;
  const ending = { state, step: null, answer: 'the secret answer', stopReason: null, error };
  const fence = { jobId: id, tenant, sessionId: null, epoch: 1, owner: take.owner };
  await store.settle(fence, { ...ending, totals: totalsOf([]), joined: null });
  return id;
}
