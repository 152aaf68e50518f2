import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetClient } from '@mcp-fleet/client';
import { agentSpec, isTerminal, type Job, plainJob } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type CountingServer, startCountingServer } from '../support/counting-server.ts';
import { type FleetProcess, startFleetProcess } from '../support/fleet-process.ts';
import { describeWith } from '../support/services.ts';
import { asksToAdd, saysDone, startTestSimulator, type TestSimulator } from '../support/simulator-control.ts';
import { type TestTopology, topologies } from '../support/topologies.ts';
import { until } from '../support/until.ts';

const agent = agentSpec.parse({ model: 'simulated' });
const tenant = 'local';

let folder: string;
let tools: CountingServer;
let simulator: TestSimulator;
let running: FleetProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleet-kill-'));
  tools = await startCountingServer();
  simulator = await startTestSimulator();
  running = [];
  const counting = { url: tools.url, tools: { add: { safety: 'read_only' } } };
  await writeFile(join(folder, 'fleet.json'), JSON.stringify({ mcpServers: { counting } }));
});

afterEach(async () => {
  await Promise.all(running.map((process) => process.kill('SIGKILL')));
  await Promise.all([tools.stop(), simulator.stop()]);
  await rm(folder, { recursive: true, force: true });
});

async function start(args: string[], env: Record<string, string>): Promise<FleetProcess> {
  const process = await startFleetProcess([...args, '--config', join(folder, 'fleet.json')], {
    ...env,
    SIMULATOR_URL: simulator.url,
    FLEET_MODEL: 'simulated',
  });
  running.push(process);
  return process;
}

for (const { name, needs, open } of topologies) {
  describeWith(needs, `a worker that is killed, ${name}`, () => {
    let topology: TestTopology;

    beforeEach(async () => {
      topology = await open();
    });
    afterEach(async () => {
      await Promise.all(running.map((process) => process.kill('SIGKILL')));
      await topology.stop();
    });

    const startWorker = () => start(['worker'], topology.env);

    async function submit(...replies: unknown[]): Promise<string> {
      const id = newId('job');
      await simulator.script(replies, id);
      const query = [{ type: 'text', text: 'add' }];
      const job = { id, tenant, sessionId: null, agent, query };
      await topology.store.accept({ ...plainJob, ...job });
      await topology.queue.add(id);
      return id;
    }

    const ended = (id: string): Promise<Job> =>
      until(`the end of ${id}`, async () => {
        const job = await topology.store.job(tenant, id);
        return job && isTerminal(job.state) ? job : null;
      });

    test('after the reply was recorded: the reply is not asked for again', async () => {
      const first = await startWorker();
      tools.hold(1);
      const id = await submit(asksToAdd(1), saysDone());
      await tools.received(1);
      await first.kill('SIGKILL');
      tools.release(1);
      await startWorker();
      expect(await ended(id)).toMatchObject({ state: 'succeeded', answer: 'done' });
      expect(await simulator.requests(id)).toBe(2);
      expect(tools.counts()).toEqual({ 'add:1': 2 });
      expect(new Set(tools.keys()['add:1'])).toEqual(new Set([`${id}.0.1`]));
    });

    test('between two tool results: the recorded one is not run again', async () => {
      const first = await startWorker();
      tools.hold(2);
      const id = await submit(asksToAdd(1, 2), saysDone());
      await tools.received(2);
      await until('the first result', async () => (await topology.store.steps(id)).length === 2);
      await first.kill('SIGKILL');
      tools.release(2);
      await startWorker();
      expect(await ended(id)).toMatchObject({ state: 'succeeded' });
      expect(await simulator.requests(id)).toBe(2);
      expect(tools.counts()).toEqual({ 'add:1': 1, 'add:2': 2 });
    });

    test('after the final reply, before it knew of the commit: the job ends once', async () => {
      const first = await startWorker();
      const id = await submit(asksToAdd(1), { hold: true, ...(saysDone() as object) });
      await simulator.requested(id, 2);
      // Its final step goes through to the store; nothing that the store says comes back.
      topology.storeProxy.holdAnswersFrom('"end_turn"');
      await simulator.release();
      await until('the final step', async () => (await topology.store.steps(id)).length === 3);
      await first.kill('SIGKILL');
      topology.storeProxy.reset();
      await startWorker();
      const job = await ended(id);
      expect(job).toMatchObject({ state: 'succeeded', answer: 'done' });
      await until('the empty queue', async () => {
        const { waiting, active, delayed } = await topology.queue.counts();
        return waiting + active + delayed === 0;
      });
      expect(await topology.store.job(tenant, id)).toMatchObject({
        state: 'succeeded',
        endedAt: job.endedAt,
      });
      expect(await simulator.requests(id)).toBe(2);
      expect(tools.counts()).toEqual({ 'add:1': 1 });
    });
  });
}

describe('a fleet in one process that is killed, embedded (PGlite)', () => {
  const startUp = () =>
    start(['up', '--data', join(folder, 'data'), '--port', '0'], {
      QUEUE_LOCK_MS: '1000',
      RECONCILE_EVERY_MS: '500',
    });

  async function submit({ url }: FleetProcess, ...replies: unknown[]): Promise<string> {
    await simulator.script(replies);
    return (await new FleetClient({ url }).jobs.create({ query: 'add' })).id;
  }

  test('after the reply was recorded: the reply is not asked for again', async () => {
    const first = await startUp();
    tools.hold(1);
    const id = await submit(first, asksToAdd(1), saysDone());
    await tools.received(1);
    await first.kill('SIGKILL');
    tools.release(1);
    const second = await startUp();
    expect(await new FleetClient({ url: second.url }).jobs.wait(id)).toMatchObject({
      state: 'succeeded',
      answer: 'done',
    });
    expect(await simulator.requests(id)).toBe(2);
    expect(tools.counts()).toEqual({ 'add:1': 2 });
  });

  test('between two tool results: the recorded one is not run again', async () => {
    const first = await startUp();
    tools.hold(2);
    const id = await submit(first, asksToAdd(1, 2), saysDone());
    await tools.received(2);
    const before = new FleetClient({ url: first.url });
    await until('the first result', async () => (await before.jobs.steps(id)).length === 2);
    await first.kill('SIGKILL');
    tools.release(2);
    const second = await startUp();
    expect(await new FleetClient({ url: second.url }).jobs.wait(id)).toMatchObject({ state: 'succeeded' });
    expect(await simulator.requests(id)).toBe(2);
    expect(tools.counts()).toEqual({ 'add:1': 1, 'add:2': 2 });
  });

  test('while the final reply arrives: the job ends once', async () => {
    const first = await startUp();
    const id = await submit(first, asksToAdd(1), { hold: true, ...(saysDone() as object) }, saysDone());
    await simulator.requested(id, 2);
    await Promise.all([simulator.release(), first.kill('SIGKILL')]);
    const second = await startUp();
    expect(await new FleetClient({ url: second.url }).jobs.wait(id)).toMatchObject({
      state: 'succeeded',
      answer: 'done',
    });
    expect(await simulator.requests(id)).toBeLessThanOrEqual(3);
    expect(tools.counts()).toEqual({ 'add:1': 1 });
  });
});
