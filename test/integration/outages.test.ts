import { startReconciler } from '@mcp-fleet/reconciler';
import { createLogger, readEnvironment, type Stoppable } from '@mcp-fleet/runtime';
import { afterEach, expect, test } from 'vitest';
import type { FleetProcess } from '../support/fleet-process.ts';
import { logLines, useFleet } from '../support/fleet-under-test.ts';
import { describeWith } from '../support/services.ts';
import { asksToAdd, saysDone } from '../support/simulator-control.ts';
import { topologies } from '../support/topologies.ts';
import { until } from '../support/until.ts';

/** Drivers take their time to find out that a server is away, and BullMQ to look for it again. */
const timeoutMs = 120_000;

/** The longest that the api may take to answer while a part is away. */
const answerMs = 10_000;

const held = (reply: unknown) => ({ hold: true, ...(reply as object) });

/** How often each of these jobs ended, by the worker's log, once that has an end of each. */
function ends(worker: FleetProcess, jobs: string[]): Promise<number[]> {
  return until('an end of each job in the log', async () => {
    const ended = logLines(worker).filter((line) => line.msg === 'job ended');
    const counts = jobs.map((id) => ended.filter((line) => line.jobId === id).length);
    return counts.includes(0) ? null : counts;
  });
}

for (const { name, needs, open } of topologies) {
  describeWith(needs, `outages, ${name}`, () => {
    const fleet = useFleet(open);
    let reconciler: Stoppable | undefined;
    afterEach(async () => {
      await reconciler?.stop();
      reconciler = undefined;
    });

    /** In this process, and over the same proxies as the others. */
    async function reconcile(): Promise<void> {
      const environment = readEnvironment({ ...fleet().env, RECONCILE_EVERY_MS: '500' });
      reconciler = await startReconciler({ environment, logger: createLogger('reconciler', 'silent') });
    }

    const post = (url: string) =>
      fetch(`${url}/v1/jobs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: 'answer' }),
        signal: AbortSignal.timeout(answerMs),
      });

    test(
      'the store goes away under running jobs and comes back: each ends once, no recorded step runs again',
      async () => {
        const { tools, simulator, topology } = fleet();
        const worker = await fleet().start('worker');
        tools.hold(1);
        tools.hold(2);
        const inTool = [
          await fleet().submit([asksToAdd(1), saysDone()]),
          await fleet().submit([asksToAdd(2), saysDone()]),
        ];
        const inModel = [
          await fleet().submit([asksToAdd(3), held(saysDone()), saysDone()]),
          await fleet().submit([asksToAdd(4), held(saysDone()), saysDone()]),
        ];
        const all = [...inTool, ...inModel];
        await Promise.all([tools.received(1), tools.received(2)]);
        await Promise.all(inModel.map((id) => simulator.requested(id, 2)));

        topology.storeProxy.goDown();
        tools.release(1);
        tools.release(2);
        await simulator.release();
        await until('the worker to give up all four', async () => {
          const refused = logLines(worker).filter((line) => String(line.msg).includes('could not be run'));
          return all.every((id) => refused.some((line) => line.jobId === id));
        });
        topology.storeProxy.reset();

        for (const id of all) {
          expect(await fleet().ended(id)).toMatchObject({ state: 'succeeded', answer: 'done' });
        }
        await fleet().queueEmpty();
        expect(await ends(worker, all)).toEqual([1, 1, 1, 1]);
        // What was in flight when the store went away could not be recorded and runs again; nothing else does.
        for (const id of inTool) expect(await simulator.requests(id)).toBe(2);
        for (const id of inModel) expect(await simulator.requests(id)).toBe(3);
        expect(tools.counts()).toEqual({ 'add:1': 2, 'add:2': 2, 'add:3': 1, 'add:4': 1 });
      },
      timeoutMs,
    );

    const says = (text: string) => ({ content: text });
    test.each([
      ['the request', (text: string) => fleet().topology.storeProxy.holdAt('requests', text)],
      [
        'the answer',
        async (text: string) => {
          fleet().topology.storeProxy.holdAnswersFrom(text);
        },
      ],
    ])(
      'a connection that breaks over %s of a write of the last reply: nothing is asked or paid for again',
      async (what, hold) => {
        const { tools, simulator, topology } = fleet();
        const worker = await fleet().start('worker');
        const words = 'words-that-are-paid-for';
        const id = await fleet().submit([asksToAdd(1), held(says(words))]);
        await simulator.requested(id, 2);
        const reached = hold(words);
        await simulator.release();
        await reached;
        if (what === 'the answer') {
          await until('the reply in the store', async () =>
            JSON.stringify(await topology.store.steps(id)).includes(words),
          );
        }
        topology.storeProxy.reset();
        expect(await fleet().ended(id)).toMatchObject({ state: 'succeeded', answer: words });
        await fleet().queueEmpty();
        expect(await simulator.requests(id)).toBe(2);
        expect(tools.counts()).toEqual({ 'add:1': 1 });
        await worker.kill('SIGTERM');
      },
      timeoutMs,
    );

    test(
      'the queue goes away under running jobs and comes back: they end meanwhile, once, and none is lost',
      async () => {
        const { tools, simulator, queueProxy } = fleet();
        const worker = await fleet().start('worker');
        tools.hold(1);
        tools.hold(3);
        const inTool = await fleet().submit([asksToAdd(1), saysDone()]);
        const inModel = await fleet().submit([asksToAdd(2), held(saysDone())]);
        const longer = await fleet().submit([asksToAdd(3), saysDone()]);
        await Promise.all([tools.received(1), tools.received(3), simulator.requested(inModel, 2)]);

        queueProxy.goDown();
        tools.release(1);
        await simulator.release();
        // A job in progress needs the store alone.
        for (const id of [inTool, inModel]) {
          expect(await fleet().ended(id)).toMatchObject({ state: 'succeeded', answer: 'done' });
        }
        const late = await fleet().submit([asksToAdd(4), saysDone()]);
        expect(await fleet().job(late)).toMatchObject({ state: 'queued' });
        queueProxy.reset();
        expect(await fleet().ended(late)).toMatchObject({ state: 'succeeded' });
        tools.release(3);
        expect(await fleet().ended(longer)).toMatchObject({ state: 'succeeded', answer: 'done' });

        await fleet().queueEmpty();
        const all = [inTool, inModel, longer, late];
        expect(await ends(worker, all)).toEqual([1, 1, 1, 1]);
        for (const id of all) expect(await simulator.requests(id)).toBe(2);
        expect(tools.counts()).toMatchObject({ 'add:1': 1, 'add:2': 1, 'add:4': 1 });
      },
      timeoutMs,
    );

    test(
      'the api accepts while the queue is away, and the reconciler offers the job later',
      async () => {
        const { queueProxy, simulator } = fleet();
        const [api] = await Promise.all([fleet().start('api'), fleet().start('worker'), reconcile()]);
        await simulator.script([saysDone()]);
        queueProxy.goDown();
        const response = await post(api.url);
        expect(response.status).toBe(202);
        const { id } = (await response.json()) as { id: string };
        expect(await fleet().job(id)).toMatchObject({ state: 'queued' });
        queueProxy.reset();
        expect(await fleet().ended(id)).toMatchObject({ state: 'succeeded', answer: 'done' });
        expect(await simulator.requests(id)).toBe(1);
      },
      timeoutMs,
    );

    test(
      'the api says soon that the store is away, and accepts again when it is back',
      async () => {
        const { storeProxy } = fleet().topology;
        const api = await fleet().start('api');
        storeProxy.goDown();
        const refused = await post(api.url);
        expect(refused.status).toBe(503);
        expect(await refused.json()).toMatchObject({ error: { code: 'store_unavailable' } });
        storeProxy.reset();
        await until('an accepted job', async () => (await post(api.url)).status === 202);
      },
      timeoutMs,
    );
  });
}
