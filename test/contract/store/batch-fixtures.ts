import {
  type Batch,
  type ContextStore,
  encodeLine,
  type LineState,
  lineStates,
  type NewLine,
  noBudget,
} from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import { expect } from 'vitest';
import { survives } from '../../support/mongo-writes.ts';
import { agent } from './fixtures.ts';

/** More than any verb makes in these tests. */
const manyWrites = 30;

export const line = (n: number, over: Partial<NewLine> = {}): NewLine => ({
  n,
  customId: `line-${n}`,
  sessionId: null,
  body: encodeLine({ query: [{ type: 'text', text: `query ${n}` }], agent: 'default', metadata: {} }),
  problem: null,
  ...over,
});

/** A batch of a tenant of its own. */
export const createBatch = (store: ContextStore) =>
  store.createBatch({
    id: newId('batch'),
    tenant: newId('key'),
    surface: 'fleet',
    agent: 'default',
    onInvalid: 'skip',
    metadata: {},
    budget: noBudget,
    expiresAt: new Date(Date.now() + 3_600_000),
  });

export const append = (by: ContextStore, batch: Batch, offset: number, lines: NewLine[]) =>
  by.appendLines(batch.tenant, batch.id, {
    offset,
    bytes: 100,
    lines,
    lastLine: Math.max(...lines.map(({ n }) => n)),
    agents: { default: agent },
  });

export const linesOf = async (store: ContextStore, batch: Batch) =>
  (await store.lineResults(batch.id, { after: 0, limit: 100, ended: false })).map(({ n, customId }) => [
    n,
    customId,
  ]);

/** The batch, once its counters were seen to be those of its lines. */
export async function counted(store: ContextStore, batch: Batch): Promise<Batch> {
  const lines = await store.lineResults(batch.id, { after: 0, limit: 100, ended: false });
  const read = (await store.batch(batch.tenant, batch.id)) as Batch;
  const inState = (state: LineState) => lines.filter((each) => each.state === state).length;
  expect(read.counts).toEqual(Object.fromEntries(lineStates.map((state) => [state, inState(state)])));
  return read;
}

/** Tries each place where a process can die in a verb, on a new batch each time. */
export async function atEachDeath(
  prepare: () => Promise<Batch>,
  verb: (batch: Batch) => Promise<unknown>,
  check: (batch: Batch) => Promise<void>,
): Promise<void> {
  for (const made of ['half', 'all'] as const) {
    let deaths = 0;
    for (let write = 1; write < manyWrites; write += 1) {
      const batch = await prepare();
      const survived = await survives({ write, made }, () => verb(batch));
      await check(batch);
      if (survived) break;
      deaths += 1;
    }
    expect(deaths).toBeGreaterThanOrEqual(made === 'all' ? 3 : 1);
    expect(deaths).toBeLessThan(manyWrites - 1);
  }
}
