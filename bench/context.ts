import { agentSpec, plainJob, type ReplyStep } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import { startCountingProxy } from '../test/support/counting-proxy.ts';
import { startBenchFleet } from './support/bench-fleet.ts';
import { atMost, median, type Result } from './support/results.ts';

/** Turns that the window has room for, so that it is the same at every depth from ten on. */
const contextTokens = 1_000;
const words = 'a turn as long as others, with some words to send and to keep. '.repeat(4);

/** What a turn costs, after so many turns of its session: its time from acceptance to end, and bytes written to the store. */
export async function benchContext({
  depths,
  samples,
}: {
  depths: number[];
  samples: number;
}): Promise<Result[]> {
  const fleet = await startBenchFleet({ agents: { default: { contextTokens, tools: ['math__calculate'] } } });
  const storeUrl = new URL(fleet.env.STORE_URL ?? '');
  const proxy = await startCountingProxy('postgres', storeUrl.hostname, Number(storeUrl.port));
  storeUrl.port = String(proxy.port);
  try {
    await fleet.startWorker({ STORE_URL: storeUrl.href });
    const { id } = await fleet.client.sessions.create();
    const measured: { depth: number; ms: number; bytes: number }[] = [];
    let turns = 0;
    for (const depth of depths) {
      for (; turns < depth; turns += 1) {
        await addTurn(fleet.topology.store, id);
        // As workers do now and then, so that a take reads what fits.
        if (turns % 20 === 0) await fleet.topology.store.cutContext(id, turns);
      }
      const times: number[] = [];
      // The first one after a leap cuts the context anew.
      for (let n = -2; n < samples; n += 1) {
        if (n === 0) proxy.take();
        const job = await fleet.client.jobs.create({ query: words, session_id: id });
        const ended = await fleet.client.jobs.wait(job.id);
        if (n >= 0) times.push(Date.parse(ended.ended_at ?? '') - Date.parse(ended.created_at));
        turns += 1;
      }
      const { sent } = proxy.take();
      measured.push({ depth, ms: median(times), bytes: Math.round(sent / samples) });
      console.log(`after ${depth} turns: ${median(times)} ms, ${Math.round(sent / samples)} bytes a turn`);
    }
    const [base, last] = [measured.find(({ depth }) => depth >= 10), measured.at(-1)];
    if (!base || !last) return [];
    return [
      {
        name: `context: bytes of a turn after ${last.depth} turns against ${base.depth}`,
        value: last.bytes / base.bytes,
        unit: 'times',
        target: atMost(1.1),
      },
      {
        name: `context: time of a turn after ${last.depth} turns against ${base.depth}`,
        value: last.ms / base.ms,
        unit: 'times',
        target: atMost(1.1),
      },
    ];
  } finally {
    await fleet.stop();
    await proxy.stop();
  }
}

type Store = Awaited<ReturnType<typeof startBenchFleet>>['topology']['store'];

/** A turn past the worker, as it would have recorded it. */
async function addTurn(store: Store, sessionId: string): Promise<void> {
  const query = [{ type: 'text', text: words }];
  const agent = agentSpec.parse({ model: 'simulated' });
  const { job } = await store.accept({
    ...plainJob,
    id: newId('job'),
    tenant: 'local',
    sessionId,
    agent,
    query,
  });
  const take = await store.take(job.id);
  if (take.kind !== 'taken') throw new Error(`${job.id} is ${take.kind}`);
  const usage = { inputTokens: 100, outputTokens: 50, cacheReadTokens: 0, cacheWriteTokens: 0 };
  const step: ReplyStep = {
    ...{ kind: 'reply', round: 0, slot: 0, content: query, stopReason: 'end_turn' },
    ...{ model: 'simulated', usage, toolset: 'none', ms: 1 },
  };
  const fence = { jobId: job.id, tenant: 'local', sessionId, epoch: take.job.epoch, owner: take.owner };
  const totals = { ...usage, modelCalls: 1, toolCalls: 0, stepMs: 1, cost: 0 };
  const settled = await store.settle(fence, {
    ...{ state: 'succeeded', step, answer: words, stopReason: 'end_turn', error: null, totals, joined: null },
  });
  if (settled.kind !== 'settled') throw new Error(`${job.id} is ${settled.kind}`);
}
