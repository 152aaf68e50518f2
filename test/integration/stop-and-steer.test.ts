import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FleetClient } from '@mcp-fleet/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { startCountingServer } from '../support/counting-server.ts';
import { type FleetProcess, startFleetProcess } from '../support/fleet-process.ts';
import { describeWith } from '../support/services.ts';
import { asksToAdd, saysDone, startTestSimulator, type TestSimulator } from '../support/simulator-control.ts';
import { useTemporaryFolder } from '../support/temporary-folder.ts';
import { someTopologies, type TestTopology } from '../support/topologies.ts';
import { until } from '../support/until.ts';

const folder = useTemporaryFolder();

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `a fleet of an api, two workers and a reconciler, ${name}`, () => {
    let topology: TestTopology;
    let simulator: TestSimulator;
    let tools: Awaited<ReturnType<typeof startCountingServer>>;
    let processes: FleetProcess[];
    let client: FleetClient;

    beforeEach(async () => {
      [topology, simulator, tools] = await Promise.all([open(), startTestSimulator(), startCountingServer()]);
      const counting = { url: tools.url, tools: { add: { safety: 'read_only' } } };
      const config = join(folder.path, 'fleet.json');
      await writeFile(config, JSON.stringify({ mcpServers: { counting } }));
      const env = {
        ...topology.env,
        SIMULATOR_URL: simulator.url,
        FLEET_MODEL: 'simulated',
        RECONCILE_EVERY_MS: '500',
      };
      processes = await Promise.all([
        startFleetProcess(['api'], env),
        startFleetProcess(['worker', '--config', config], env),
        startFleetProcess(['worker', '--config', config], env),
      ]);
      client = new FleetClient({ url: processes[0]?.url ?? '' });
    });

    afterEach(async () => {
      await Promise.all(processes.map((process) => process.kill('SIGKILL')));
      await Promise.all([simulator.stop(), tools.stop()]);
      await topology.stop();
    });

    /** A job in a session that waits in its first model call. */
    async function held(session_id?: string) {
      await simulator.script([{ hold: true, ...(saysDone('too late') as object) }]);
      const job = await client.jobs.create({ query: 'first', ...(session_id ? { session_id } : {}) });
      await simulator.requested(job.id, 1);
      return job;
    }

    test('a running job that is canceled ends at once, and its model request is aborted', async () => {
      const job = await held();
      expect(await client.jobs.cancel(job.id)).toMatchObject({ state: 'canceled' });
      await until('the end of the model request', async () => (await simulator.held()) === 0);
      expect(await client.jobs.get(job.id)).toMatchObject({ state: 'canceled', answer: null });
      expect((await client.jobs.cancel(job.id)).state).toBe('canceled');
    });

    test('a running tool call is withdrawn at its server when its job is canceled', async () => {
      tools.hold(1);
      await simulator.script([asksToAdd(1)]);
      const job = await client.jobs.create({ query: 'add' });
      await tools.received(1);
      expect(await client.jobs.cancel(job.id)).toMatchObject({ state: 'canceled' });
      await tools.canceled(1);
      tools.release(1);
      expect(await client.jobs.get(job.id)).toMatchObject({ state: 'canceled', answer: null });
    });

    test('the order of a session holds across retries, delays, failed turns and dead workers', async () => {
      const session = await client.sessions.create();
      const ids: string[] = [];
      const submit = async (query: string, more: { not_before?: string } = {}) => {
        const job = await client.jobs.create({ query, session_id: session.id, ...more });
        ids.push(job.id);
        return job.id;
      };
      await simulator.script([
        { error: { status: 529 } },
        saysDone('retried'),
        { hold: true, ...(saysDone('of a dead worker') as object) },
        saysDone('of the next worker'),
        { error: { status: 400 } },
        saysDone('after a failed turn'),
        saysDone('delayed'),
        saysDone('last'),
      ]);
      await submit('retried');
      const killed = await submit('killed');
      const failed = await submit('failed');
      await submit('after a failed turn');
      await submit('delayed', { not_before: new Date(Date.now() + 6_000).toISOString() });
      const last = await submit('last');
      await simulator.requested(killed, 1);
      await Promise.all(processes.slice(1, 3).map((process) => process.kill('SIGKILL')));
      processes.push(await startFleetProcess(['worker'], { ...topology.env, SIMULATOR_URL: simulator.url }));
      await client.jobs.wait(last);
      expect(await client.jobs.get(failed)).toMatchObject({ state: 'failed' });
      const messages = await client.sessions.messages(session.id);
      const answers = messages.flatMap(({ role, content }) => (role === 'assistant' ? content : []));
      expect(answers.map((block) => block.text)).toEqual([
        'retried',
        'of the next worker',
        'after a failed turn',
        'delayed',
        'last',
      ]);
      expect(messages.filter(({ role }) => role === 'user').map((message) => message.job_id)).toEqual(
        ids.filter((id) => id !== failed),
      );
    });

    test('canceling all jobs of a session ends those that wait as well', async () => {
      const session = await client.sessions.create();
      const first = await held(session.id);
      const second = await client.jobs.create({ query: 'second', session_id: session.id });
      expect(await client.jobs.cancelMany({ session_id: session.id })).toEqual({ canceled: 2 });
      for (const { id } of [first, second]) expect((await client.jobs.get(id)).state).toBe('canceled');
      await simulator.script([saysDone('fresh')]);
      const third = await client.jobs.create({ query: 'third', session_id: session.id });
      expect(await client.jobs.wait(third.id)).toMatchObject({ state: 'succeeded', answer: 'fresh' });
      expect(await client.sessions.messages(session.id)).toHaveLength(2);
    });

    test('a hundred queries at once to one session run in the order of their acceptance', async () => {
      const session = await client.sessions.create();
      await simulator.script(Array.from({ length: 100 }, () => saysDone()));
      const ids: string[] = [];
      for (let n = 0; n < 100; n += 1) {
        ids.push((await client.jobs.create({ query: `query ${n}`, session_id: session.id })).id);
      }
      await client.jobs.wait(ids.at(-1) as string);
      const messages = await client.sessions.messages(session.id);
      expect(messages.filter((message) => message.role === 'user').map((message) => message.job_id)).toEqual(
        ids,
      );
    }, 60_000);

    test('a query is rejected, or takes the place of the turn that runs', async () => {
      const session = await client.sessions.create({ on_busy: 'reject' });
      const first = await held(session.id);
      const submit = (query: string, on_busy?: 'rollback') =>
        client.jobs.create({ query, session_id: session.id, ...(on_busy ? { on_busy } : {}) });
      await expect(submit('rejected')).rejects.toMatchObject({ code: 'session_busy', status: 409 });

      await simulator.script([saysDone('instead')]);
      const rolled = await submit('instead', 'rollback');
      expect(await client.jobs.wait(first.id)).toMatchObject({ state: 'canceled' });
      expect(await client.jobs.wait(rolled.id)).toMatchObject({ state: 'succeeded' });
      expect((await client.sessions.messages(session.id)).map((message) => message.job_id)).toEqual([
        rolled.id,
        rolled.id,
      ]);
    });

    test('a query steers a turn that runs a tool', async () => {
      const session = await client.sessions.create();
      for (const n of [1, 2]) tools.hold(n);
      await simulator.script([asksToAdd(1), asksToAdd(2), saysDone('both')]);
      const first = await client.jobs.create({ query: 'add', session_id: session.id });
      await tools.received(1);
      const second = await client.jobs.create({ query: 'also', session_id: session.id, on_busy: 'steer' });
      // The worker hears of it in time for the next round, or, when it is busy, for the one after that.
      tools.release(1);
      await tools.received(2);
      tools.release(2);
      expect(await client.jobs.wait(second.id)).toMatchObject({
        state: 'succeeded',
        answer: 'both',
        joined: first.id,
      });
      const blocks = (await client.sessions.messages(session.id)).map((message) =>
        message.content.map((block) => block.type),
      );
      const [early, late] = [blocks.splice(2, 1), blocks.splice(3, 1)].flat();
      expect(blocks).toEqual([['text'], ['tool_use'], ['tool_use'], ['text']]);
      expect([early, late].toSorted()).toEqual([['tool_result'], ['tool_result', 'text']]);
    });

    test('a query interrupts a turn, which keeps what it had', async () => {
      const session = await client.sessions.create();
      tools.hold(1);
      await simulator.script([asksToAdd(1)]);
      const first = await client.jobs.create({ query: 'add', session_id: session.id });
      await tools.received(1);
      await simulator.script([saysDone('new')]);
      const second = await client.jobs.create({
        query: 'stop',
        session_id: session.id,
        on_busy: 'interrupt',
      });
      expect(await client.jobs.wait(second.id)).toMatchObject({ state: 'succeeded', answer: 'new' });
      expect(await client.jobs.get(first.id)).toMatchObject({
        state: 'succeeded',
        stop_reason: 'interrupted',
      });
      tools.release(1);
    });

    test('a failed job is replayed from its tail, and an unknown one is refused', async () => {
      await simulator.script([asksToAdd(1), { error: { status: 400 } }]);
      const job = await client.jobs.create({ query: 'add' });
      expect(await client.jobs.wait(job.id)).toMatchObject({ state: 'failed' });
      await simulator.script([saysDone('at last')]);
      const replay = await client.jobs.replay(job.id);
      expect(await client.jobs.wait(replay.id)).toMatchObject({ state: 'succeeded', replay_of: job.id });
      expect(tools.counts()).toEqual({ 'add:1': 1 });
      await expect(client.jobs.replay('job_none')).rejects.toMatchObject({ code: 'job_not_found' });
    });

    test('times: not before, expiry and deadline', async () => {
      const reconciler = await startFleetProcess(['reconciler'], {
        ...topology.env,
        RECONCILE_EVERY_MS: '200',
      });
      processes.push(reconciler);
      const at = (ms: number) => new Date(Date.now() + ms).toISOString();
      await simulator.script([saysDone('later')]);
      const later = await client.jobs.create({ query: 'later', not_before: at(1_500) });
      expect(later.state).toBe('waiting');
      const stale = await client.jobs.create({
        query: 'stale',
        not_before: at(3_600_000),
        expires_at: at(300),
      });
      expect(await client.jobs.wait(stale.id)).toMatchObject({ state: 'expired' });
      const done = await client.jobs.wait(later.id);
      expect(Date.parse(done.started_at ?? '')).toBeGreaterThanOrEqual(Date.parse(later.not_before ?? ''));
      const slow = await (async () => {
        await simulator.script([{ hold: true, ...(saysDone() as object) }]);
        return client.jobs.create({ query: 'slow', deadline: at(1_000) });
      })();
      expect(await client.jobs.wait(slow.id)).toMatchObject({
        state: 'failed',
        error: { type: 'deadline_exceeded' },
      });
    });

    test('what the queue has lost comes back by itself', async () => {
      const first = await held();
      await simulator.script([saysDone('back')]);
      await Promise.all(processes.slice(1, 3).map((process) => process.kill('SIGKILL')));
      await until('the empty queue', async () => {
        await topology.wipeQueue();
        const { waiting, active, delayed } = await topology.queue.counts();
        return waiting + active + delayed === 0;
      });
      processes.push(await startFleetProcess(['reconciler'], { ...topology.env, RECONCILE_EVERY_MS: '200' }));
      processes.push(await startFleetProcess(['worker'], { ...topology.env, SIMULATOR_URL: simulator.url }));
      expect(await client.jobs.wait(first.id)).toMatchObject({ state: 'succeeded', answer: 'back' });
    });
  });
}
