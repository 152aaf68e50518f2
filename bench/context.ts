import { agentSpec, plainJob, type ReplyStep } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import pg from 'pg';
import { startCountingProxy } from '../test/support/counting-proxy.ts';
import { type BenchFleet, startBenchFleet } from './support/bench-fleet.ts';
import { atMost, median, type Result, spread } from './support/results.ts';

/** Turns that the window has room for, so that it is the same at every depth from ten on. */
const contextTokens = 1_000;
const words = 'a turn as long as others, with some words to send and to keep. '.repeat(4);

interface Depth {
  depth: number;
  sessionId: string;
  ms: number[];
  bytes: number[];
}

/**
 * What a turn costs after so many turns of its session: its time from acceptance to end, and bytes written to the store. Each
 * depth has a session of its own, and they are measured in turns.
 */
export async function benchContext(setup: { depths: number[]; samples: number }): Promise<Result[]> {
  const fleet = await startBenchFleet({ agents: { default: { contextTokens, tools: ['math__calculate'] } } });
  const storeUrl = new URL(fleet.env.STORE_URL ?? '');
  const proxy = await startCountingProxy('postgres', storeUrl.hostname, Number(storeUrl.port));
  storeUrl.port = String(proxy.port);
  const client = new pg.Client({ connectionString: fleet.env.STORE_URL });
  await client.connect();
  try {
    const depths: Depth[] = [];
    for (const depth of setup.depths) depths.push(await openSession(fleet, depth));
    // As the server does by itself after a while.
    await client.query('VACUUM ANALYZE');
    await fleet.startWorker({ STORE_URL: storeUrl.href });
    // The first turns cut the context anew, and compile what all have in common.
    for (let n = -10; n < setup.samples; n += 1) {
      for (const { sessionId, ms, bytes } of depths) {
        proxy.take();
        const { id } = await fleet.client.jobs.create({ query: words, session_id: sessionId });
        await fleet.client.jobs.wait(id);
        if (n < 0) continue;
        bytes.push(proxy.take().sent);
        const took =
          'SELECT extract(epoch FROM ended_at - created_at) * 1000 AS ms FROM fleet.jobs WHERE id = $1';
        ms.push(Number((await client.query(took, [id])).rows[0].ms));
      }
    }
    for (const { depth, ms, bytes } of depths) {
      console.log(
        `after ${depth} turns: ${median(ms).toFixed(2)} ms (${spread(ms)}), ${median(bytes)} bytes a turn`,
      );
    }
    const [base, last] = [depths.find(({ depth }) => depth >= 10), depths.at(-1)];
    return base && last ? against(base, last) : [];
  } finally {
    await client.end();
    await fleet.stop();
    await proxy.stop();
  }
}

function against(base: Depth, last: Depth): Result[] {
  const than = `of a turn after ${last.depth} turns against ${base.depth}`;
  const result = (what: string, later: number[], early: number[]): Result => ({
    name: `context: ${what} ${than}`,
    value: median(later) / median(early),
    unit: 'times',
    target: atMost(1.1),
  });
  return [result('bytes', last.bytes, base.bytes), result('time', last.ms, base.ms)];
}

async function openSession({ client, topology }: BenchFleet, depth: number): Promise<Depth> {
  const { id } = await client.sessions.create();
  for (let turn = 1; turn <= depth; turn += 1) {
    await addTurn(topology.store, id);
    // As workers do now and then, so that a take reads what fits.
    if (turn % 20 === 0) await topology.store.cutContext(id, turn);
  }
  return { depth, sessionId: id, ms: [], bytes: [] };
}

type Store = BenchFleet['topology']['store'];

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
