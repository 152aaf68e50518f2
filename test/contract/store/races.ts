import type { Fence } from '@mcp-fleet/core';
import { expect, test } from 'vitest';
import {
  contend,
  failure,
  newJob,
  newSession,
  type OpenedStore,
  reply,
  success,
  taken,
  tenant,
} from './fixtures.ts';

/** How long a race may take in all; the slowest database decides. */
const raceTimeoutMs = 300_000;

/** Races between workers, each tried many times with its contenders interleaved. */
export function storeRaces(opened: () => OpenedStore, rounds: number): void {
  const store = () => opened().store;
  const race = (name: string, run: () => Promise<void>) =>
    test(
      `${name} (${rounds} times)`,
      async () => {
        // Several races at a time, so that they disturb one another.
        const lanes = Array.from({ length: 4 }, async () => {
          for (let n = 0; n < rounds / 4; n += 1) await run();
        });
        await Promise.all(lanes);
      },
      raceTimeoutMs,
    );

  race('two takers of one job get different epochs, and only the newer one can write', async () => {
    const { job } = await store().accept(newJob());
    const takes = await contend(
      () => taken(store(), job.id),
      () => taken(store(), job.id),
    );
    takes.sort((a, b) => a.job.epoch - b.job.epoch);
    const [older, newer] = takes as [(typeof takes)[0], (typeof takes)[0]];
    expect([older.job.epoch, newer.job.epoch]).toEqual([1, 2]);
    expect(await store().recordStep(older.fence, reply(), { durable: false })).toEqual({
      kind: 'superseded',
    });
    expect(await store().recordStep(newer.fence, reply(), { durable: false })).toEqual({ kind: 'recorded' });
  });

  race('of two writers of one position one writes, and the other gets what stands there', async () => {
    const { job } = await store().accept(newJob());
    const { fence } = await taken(store(), job.id);
    const write = (text: string) => () =>
      store().recordStep(fence, reply({ content: [{ type: 'text', text }] }), { durable: false });
    const ends = await contend(write('a'), write('b'));
    expect(ends.map((end) => end.kind).sort()).toEqual(['recorded', 'taken']);
    const [standing] = await store().steps(job.id);
    expect(ends.find((end) => end.kind === 'taken')).toEqual({ kind: 'taken', step: standing });
  });

  race('of two that settle one succeeds, and the job has one end', async () => {
    const { job } = await store().accept(newJob());
    const { fence } = await taken(store(), job.id);
    const ends = await contend(
      () => store().settle(fence, success()),
      () => store().settle(fence, failure()),
    );
    expect(ends.filter((end) => end.kind === 'settled')).toHaveLength(1);
    const winner = ends[0]?.kind === 'settled' ? 'succeeded' : 'failed';
    expect(await store().job(tenant, job.id)).toMatchObject({ state: winner });
  });

  race('an old epoch that settles and a new one that takes never both win', async () => {
    const { job } = await store().accept(newJob());
    const { fence } = await taken(store(), job.id);
    const [settled, take] = await Promise.all([store().settle(fence, success()), store().take(job.id)]);
    const outcome = await store().job(tenant, job.id);
    if (settled.kind === 'settled') expect(outcome).toMatchObject({ state: 'succeeded', epoch: 1 });
    else expect([take.kind, outcome?.state, outcome?.epoch]).toEqual(['taken', 'running', 2]);
  });

  race('accepting twice with one key makes one job', async () => {
    const sessionId = await newSession(store());
    const key = { idempotencyKey: `race-${Math.random()}`, requestHash: 'h', sessionId };
    const ends = await contend(
      () => store().accept(newJob(key)),
      () => store().accept(newJob(key)),
    );
    expect(ends.filter((end) => end.created)).toHaveLength(1);
    expect(new Set(ends.map((end) => end.job.id)).size).toBe(1);
    const held = await store().session(tenant, sessionId);
    expect(held?.activeJob).toBe(ends[0]?.job.id);
  });

  race('a claim is held by one of two epochs', async () => {
    const { job } = await store().accept(newJob());
    const older = await taken(store(), job.id);
    const at = [{ round: 0, slot: 1 }];
    const [first, second] = await Promise.all([
      store().claim(older.fence, at),
      taken(store(), job.id).then(({ fence }) => store().claim(fence, at)),
    ]);
    const holders = [first, second].filter((end) => end !== 'superseded' && end.length === 1);
    expect(holders).toHaveLength(1);
  });

  race('a job accepted while its predecessor settles is handed out exactly once', async () => {
    const sessionId = await newSession(store());
    const { job: first } = await store().accept(newJob({ sessionId }));
    const { fence } = await taken(store(), first.id);
    const second = newJob({ sessionId });
    let handedOut = 0;
    await contend(
      async () => {
        const settled = await store().settle(fence, success());
        if (settled.kind === 'settled' && settled.next === second.id) handedOut += 1;
      },
      async () => {
        const accepted = await store().accept(second);
        if (accepted.ready) handedOut += 1;
      },
    );
    expect(handedOut).toBe(1);
    expect(await store().session(tenant, sessionId)).toMatchObject({ activeJob: second.id });
    expect((await taken(store(), second.id)).turns.map((turn) => turn.jobId)).toEqual([first.id]);
  });

  test(
    'many accepts at once and workers that drain them: each job runs once, one at a time',
    async () => {
      const sessionId = await newSession(store());
      const count = 20;
      const order: string[] = [];
      const drain = async (jobId: string | null) => {
        for (let id = jobId; id !== null; ) {
          order.push(id);
          const settled = await store().settle((await taken(store(), id)).fence, success());
          id = settled.kind === 'settled' ? settled.next : null;
        }
      };
      const accepts = Array.from({ length: count }, () => async () => {
        const { job, ready } = await store().accept(newJob({ sessionId }));
        if (ready) await drain(job.id);
      });
      await contend(...accepts);
      expect(new Set(order).size).toBe(count);
      expect(order).toHaveLength(count);
      expect((await store().turns(tenant, sessionId)).map((turn) => turn.jobId)).toEqual(order);
    },
    raceTimeoutMs,
  );

  test(
    'jobs accepted one after the other run in that order, whatever happens meanwhile',
    async () => {
      const sessionId = await newSession(store());
      const accepted: string[] = [];
      const ran: string[] = [];
      let ready: string | null = null;
      for (let n = 0; n < 20; n += 1) {
        const end = await store().accept(newJob({ sessionId }));
        accepted.push(end.job.id);
        if (end.ready) ready = end.job.id;
        if (n % 3 !== 0 || ready === null) continue;
        const { fence }: { fence: Fence } = await taken(store(), ready);
        ran.push(ready);
        const settled = await store().settle(fence, n % 2 === 0 ? success() : failure());
        ready = settled.kind === 'settled' ? settled.next : null;
      }
      while (ready !== null) {
        ran.push(ready);
        const settled: Awaited<ReturnType<ReturnType<typeof store>['settle']>> = await store().settle(
          (await taken(store(), ready)).fence,
          success(),
        );
        ready = settled.kind === 'settled' ? settled.next : null;
      }
      expect(ran).toEqual(accepted);
    },
    raceTimeoutMs,
  );
}
