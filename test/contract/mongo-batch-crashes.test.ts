import { type Batch, type ContextStore, lineJob, type NewJob, totalsOf, workOf } from '@mcp-fleet/core';
import { openMongoStore } from '@mcp-fleet/store/mongo';
import { MongoClient } from 'mongodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { late, survives } from '../support/mongo-writes.ts';
import { describeWith, service } from '../support/services.ts';
import { uniqueName } from '../support/topologies.ts';
import { until } from '../support/until.ts';
import { append, atEachDeath, counted, createBatch, line, linesOf } from './store/batch-fixtures.ts';
import { newSession, success, taken } from './store/fixtures.ts';

const hour = 3_600_000;
const timeoutMs = 180_000;
const totals = { ...totalsOf([]), inputTokens: 1500, modelCalls: 1 };

describeWith(['mongo'], 'a batch on MongoDB whose writer dies or is late', () => {
  let store: ContextStore;
  /** Another process, which dies. */
  let mortal: ContextStore;
  let url: string;
  beforeAll(async () => {
    const named = new URL(service('mongo'));
    named.pathname = `/${uniqueName()}`;
    url = named.href;
    store = openMongoStore(url);
    mortal = openMongoStore(url);
    await store.migrate();
    await mortal.check();
  });
  afterAll(() => Promise.all([store?.close(), mortal?.close()]));

  /** A batch that runs, with six lines of which the last is of a session. */
  async function running(): Promise<Batch> {
    const batch = await createBatch(store);
    const sessionId = await newSession(store, batch.tenant);
    const lines = [1, 2, 3, 4, 5].map((n) => line(n));
    await append(store, batch, 0, [...lines, line(6, { sessionId })]);
    return (await store.finalizeBatch(batch.tenant, batch.id)) as Batch;
  }

  /** The ids of the jobs of the first lines that wait; those of a session are not accepted. */
  async function admit(by: ContextStore, batch: Batch, limit: number): Promise<string[]> {
    return (await open(by, batch, limit)).map(({ id }) => id);
  }

  async function open(by: ContextStore, batch: Batch, limit: number): Promise<NewJob[]> {
    const known = (await store.batch(batch.tenant, batch.id)) as Batch;
    const waiting = await store.waitingLines(batch.id, limit);
    const lines = waiting.map((each) => ({ n: each.n, job: lineJob(known, each) }));
    await by.admitLines(batch.id, lines);
    return lines.map(({ job }) => job);
  }

  async function settle(ids: string[], state: 'succeeded' | 'failed'): Promise<void> {
    for (const id of ids) {
      const { fence } = await taken(store, id);
      await store.settle(fence, success({ state, step: null, totals }));
    }
  }

  const collect = (batch: Batch, lostMs = hour) => store.collectLines(batch.id, { limit: 100, lostMs });

  /** Others finish what was under way, and go on with the batch to its end. Each job was counted once by then. */
  async function endsWell(batch: Batch): Promise<void> {
    await collect(batch);
    await counted(store, batch);
    // Open lines whose jobs were not made before the crash.
    await collect(batch, -hour);
    if ((await counted(store, batch)).state === 'canceling')
      await store.closeLines(batch.id, 'canceled', 100);
    for (const job of await open(store, batch, 100)) if (job.sessionId !== null) await store.accept(job);
    await settle(await store.openLines(batch.id, 100), 'succeeded');
    await collect(batch);
    expect(await store.advanceBatch(batch.id)).toBe('ended');
    const { counts, totals: sums } = await counted(store, batch);
    expect([counts.waiting, counts.open]).toEqual([0, 0]);
    const jobs = await store.jobs(batch.tenant, {}, { limit: 100 });
    expect(sums.inputTokens).toBe(totals.inputTokens * jobs.length);
    const share = (await store.shares([batch.tenant])).get(batch.tenant);
    expect(share?.used).toBeLessThanOrEqual(workOf(sums));
  }

  test(
    'lines that become jobs',
    () => atEachDeath(running, (batch) => admit(mortal, batch, 5), endsWell),
    timeoutMs,
  );

  test(
    'lines whose jobs have ended or were lost',
    () =>
      atEachDeath(
        async () => {
          const batch = await running();
          const [one, two, three] = (await admit(store, batch, 6)) as [string, string, string];
          await settle([one, two], 'succeeded');
          await settle([three], 'failed');
          return batch;
        },
        (batch) => mortal.collectLines(batch.id, { limit: 100, lostMs: -hour }),
        endsWell,
      ),
    timeoutMs,
  );

  test(
    'lines that are closed',
    () =>
      atEachDeath(
        async () => {
          const batch = await running();
          await admit(store, batch, 1);
          await store.changeBatch(batch.tenant, batch.id, { to: 'cancel' });
          return batch;
        },
        (batch) => mortal.closeLines(batch.id, 'canceled', 4),
        endsWell,
      ),
    timeoutMs,
  );

  test(
    'lines that are retried',
    () =>
      atEachDeath(
        async () => {
          const batch = await running();
          const [one, ...others] = await admit(store, batch, 5);
          await settle([one as string], 'succeeded');
          await settle(others, 'failed');
          await collect(batch);
          return batch;
        },
        (batch) => mortal.retryLines(batch.tenant, batch.id, batch.expiresAt),
        endsWell,
      ),
    timeoutMs,
  );

  test(
    'lines that are uploaded: what is seen is what was kept, and the next upload stands alone',
    () =>
      atEachDeath(
        async () => {
          const batch = await createBatch(store);
          await append(store, batch, 0, [line(1), line(2)]);
          // Leaves lines behind that are in the way of the next upload, by their numbers and by their custom ids.
          const others = [3, 4, 5, 6, 7].map((n) => line(n, { customId: `line-${n + 1}` }));
          expect(await survives({ write: 2, made: 'all' }, () => append(mortal, batch, 100, others))).toBe(
            false,
          );
          return batch;
        },
        (batch) =>
          append(
            mortal,
            batch,
            100,
            [3, 4, 5].map((n) => line(n, { customId: `line-${n - 1}` })),
          ),
        async (batch) => {
          const { bytes } = await counted(store, batch);
          expect(await linesOf(store, batch)).toHaveLength(bytes === 100 ? 2 : 5);
          const last = [3, 4, 5].map((n) => line(n));
          if (bytes === 100) expect((await append(store, batch, 100, last)).kind).toBe('appended');
          const third = bytes === 100 ? 'line-3' : null;
          expect((await linesOf(store, batch)).slice(0, 3)).toEqual([
            [1, 'line-1'],
            [2, 'line-2'],
            [3, third],
          ]);
          await counted(store, batch);
          await store.finalizeBatch(batch.tenant, batch.id);
          await endsWell(batch);
        },
      ),
    timeoutMs,
  );

  test('a late move of lines changes nothing once others have finished it', async () => {
    const batch = await running();
    await late(
      'batch_lines.bulkWrite',
      () => admit(mortal, batch, 3),
      async () => {
        await collect(batch);
        // They are made beside the move that is late.
        await until('three jobs', async () => (await store.openLines(batch.id, 100)).length === 3);
        await settle(await store.openLines(batch.id, 100), 'failed');
        await collect(batch);
        await store.retryLines(batch.tenant, batch.id, batch.expiresAt);
        expect((await counted(store, batch)).counts).toMatchObject({ waiting: 6, open: 0 });
      },
    );
    expect((await counted(store, batch)).counts).toMatchObject({ waiting: 6, open: 0 });
    await endsWell(batch);
  });

  test('a late upload is not mixed with the one that was made in its place', async () => {
    const batch = await createBatch(store);
    const loser = [1, 2, 3, 4].map((n) => line(n, { customId: `late-${n}` }));
    const appended = await late(
      'batch_lines.bulkWrite',
      () => append(mortal, batch, 0, loser),
      async () => {
        await append(store, batch, 0, [line(1), line(2)]);
      },
    );
    expect(appended).toEqual({ kind: 'elsewhere', bytes: 100 });
    expect(await linesOf(store, batch)).toEqual([
      [1, 'line-1'],
      [2, 'line-2'],
    ]);
    await append(store, batch, 100, [line(3), line(4, { customId: 'late-3' })]);
    expect((await linesOf(store, batch)).slice(2)).toEqual([
      [3, 'line-3'],
      [4, 'late-3'],
    ]);
    expect((await counted(store, batch)).counts).toMatchObject({ waiting: 4, invalid: 0 });
  });

  test('an upload is not kept with the lines of one that began later', async () => {
    const batch = await createBatch(store);
    const appended = await late(
      'batches.updateOne',
      () => append(mortal, batch, 0, [line(1), line(2)]),
      () =>
        survives({ write: 2, made: 'half' }, () =>
          append(
            mortal,
            batch,
            0,
            [1, 2].map((n) => line(n, { customId: null, body: null, problem: 'bad' })),
          ),
        ),
    );
    expect(appended).toEqual({ kind: 'elsewhere', bytes: 0 });
    expect(await linesOf(store, batch)).toEqual([]);
    await append(store, batch, 0, [line(1), line(2)]);
    expect((await counted(store, batch)).counts).toMatchObject({ waiting: 2, invalid: 0 });
  });

  test('an upload that comes after the batch was deleted leaves nothing', async () => {
    const batch = await createBatch(store);
    const appended = await late(
      'batch_lines.bulkWrite',
      () => append(mortal, batch, 0, [line(1)]),
      async () => {
        expect(await store.deleteBatch(batch.tenant, batch.id)).toBe('deleted');
      },
    );
    expect(appended).toEqual({ kind: 'absent' });
    const client = new MongoClient(url);
    const left = await client.db().collection('batch_lines').countDocuments({ batch_id: batch.id });
    await client.close();
    expect(left).toBe(0);
  });
});
