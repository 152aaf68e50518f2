import { FleetClient } from '@mcp-fleet/client';
import { MongoClient } from 'mongodb';
import pg from 'pg';
import { expect, test } from 'vitest';
import { useFleet } from '../support/fleet-under-test.ts';
import { describeWith } from '../support/services.ts';
import { asksToAdd, saysDone } from '../support/simulator-control.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { someTopologies } from '../support/topologies.ts';

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `agents, sessions and tool results over HTTP, ${name}`, () => {
    const fleet = useFleet(open);

    async function start(): Promise<FleetClient> {
      const [api] = await Promise.all([fleet().start('api'), fleet().start('worker')]);
      return new FleetClient({ url: api?.url ?? '' });
    }

    test('a job runs with the version that was the newest when it was accepted, and says which', async () => {
      const { simulator } = fleet();
      const client = await start();
      expect(await client.agents.save('writer', { system: 'Be brief.' })).toMatchObject({ version: 1 });
      await simulator.script([saysDone('one'), saysDone('two')]);
      const first = await client.jobs.create({ query: 'a', agent: 'writer' });
      const second = await client.agents.save('writer', { system: 'Be long.', max_tokens: 10 });
      expect(second).toMatchObject({ version: 2, source: 'api', settings: { system: 'Be long.' } });
      const later = await client.jobs.create({ query: 'b', agent: 'writer' });
      expect(await client.jobs.wait(first.id)).toMatchObject({ agent: 'writer', agent_version: 1 });
      expect(await client.jobs.wait(later.id)).toMatchObject({ agent: 'writer', agent_version: 2 });
      expect(await client.agents.get('writer', { version: 1 })).toMatchObject({
        settings: { system: 'Be brief.' },
      });
      const names: string[] = [];
      for await (const agent of client.agents.list({ limit: 1 })) names.push(agent.id);
      expect(names).toEqual(['default', 'writer']);
      await client.agents.delete('writer');
      await expect(client.jobs.create({ query: 'c', agent: 'writer' })).rejects.toMatchObject({
        status: 404,
        message: expect.stringContaining('writer'),
      });
    });

    test('a job has settings of its own over its agent, and leaves that as it was', async () => {
      const client = await start();
      const agent = await client.agents.save('writer', {
        system: 'Be brief.',
        limits: { rounds: 7, tokens: 900_000 },
      });
      const overrides = { system: 'Be long.', max_tokens: 33, limits: { rounds: 3 } };
      const { id } = await client.jobs.create({ query: 'a', agent: 'writer', overrides });
      const job = await fleet().topology.store.job('local', id);
      expect(job?.agent).toMatchObject({ name: 'writer', version: 1, system: 'Be long.', maxTokens: 33 });
      expect(job?.agent.limits).toMatchObject({ rounds: 3, tokens: 900_000 });
      expect(await client.agents.get('writer')).toEqual(agent);
      const refused = client.jobs.create({ query: 'a', overrides: { max_tokens: 0 } });
      await expect(refused).rejects.toMatchObject({
        status: 400,
        message: expect.stringContaining('max_tokens'),
      });
    });

    test('two that save an agent at once make two versions', async () => {
      const client = await start();
      const saved = await Promise.all(
        [1, 2, 3, 4].map((n) => client.agents.save('racer', { max_tokens: n })),
      );
      expect(saved.map(({ version }) => version).toSorted()).toEqual([1, 2, 3, 4]);
    });

    test("an agent of the configuration file is the file's to change", async () => {
      const client = await start();
      expect(await client.agents.get('default')).toMatchObject({ source: 'config', created_at: null });
      await expect(client.agents.save('default', {})).rejects.toMatchObject({ code: 'agent_is_shared' });
      await expect(client.agents.delete('default')).rejects.toMatchObject({ status: 409 });
    });

    test('a session is changed, exported, and erased with all that was said in it', async () => {
      const { simulator } = fleet();
      const client = await start();
      const session = await client.sessions.create({ metadata: { a: '1' } });
      expect(await client.sessions.update(session.id, { on_busy: 'reject' })).toMatchObject({
        on_busy: 'reject',
        metadata: { a: '1' },
      });
      await simulator.script([{ hold: true, ...(saysDone('the answer') as object) }]);
      const job = await client.jobs.create({ query: 'the question', session_id: session.id });
      await simulator.requested(job.id, 1);
      await expect(client.sessions.delete(session.id)).rejects.toMatchObject({ code: 'session_busy' });
      await simulator.release();
      await client.jobs.wait(job.id);
      const lines = (await client.sessions.export(session.id)).trimEnd().split('\n');
      expect(lines.map((line) => JSON.parse(line).role)).toEqual(['user', 'assistant']);
      await client.sessions.delete(session.id);
      await expect(client.sessions.get(session.id)).rejects.toMatchObject({ status: 404 });
      await expect(client.jobs.get(job.id)).rejects.toMatchObject({ status: 404 });
    });

    test('a fork begins with the messages up to a job, and neither session sees what the other does', async () => {
      const { simulator, topology } = fleet();
      const client = await start();
      // Nothing is sent: no reconciler runs here.
      await client.webhooks.create({ url: 'https://example.com/hook' });
      const session = await client.sessions.create({ metadata: { a: '1' } });
      await simulator.script([asksToAdd(1), saysDone('one'), saysDone('two'), saysDone('three')]);
      const ask = async (query: string, session_id: string) =>
        client.jobs.wait((await client.jobs.create({ query, session_id })).id);
      const first = await ask('first', session.id);
      await ask('second', session.id);
      const fork = await client.sessions.fork(session.id, { until_job: first.id });
      expect(fork).toMatchObject({ metadata: { a: '1' }, active_job: null });
      const said = async (id: string) => (await client.sessions.messages(id)).map(({ content }) => content);
      expect(await said(fork.id)).toEqual((await said(session.id)).slice(0, 4));
      const copied = (await client.sessions.messages(fork.id)).map((message) => message.job_id);
      const told = (await topology.store.unannouncedJobs(10)).map(({ jobId }) => jobId);
      expect(told).toContain(first.id);
      for (const id of copied) expect(told).not.toContain(id);
      expect(await ask('third', fork.id)).toMatchObject({ state: 'succeeded', answer: 'three' });
      expect(await said(fork.id)).toHaveLength(6);
      expect(await said(session.id)).toHaveLength(6);
      expect((await said(session.id)).at(-1)).toEqual([{ type: 'text', text: 'two' }]);
      await client.sessions.delete(session.id);
      expect(await said(fork.id)).toHaveLength(6);
      await expect(client.sessions.fork(fork.id, { until_job: 'job_none' })).rejects.toMatchObject({
        status: 404,
      });
    });

    test('a fork at any reply or tool result is a legal conversation that goes on, one at a query is refused', async () => {
      const { simulator } = fleet();
      const client = await start();
      const { id: session_id } = await client.sessions.create();
      await simulator.script([saysDone('hello'), asksToAdd(1), asksToAdd(2), saysDone('three')]);
      const ask = async (query: string, session_id: string) =>
        client.jobs.wait((await client.jobs.create({ query, session_id })).id);
      const first = await ask('greet', session_id);
      const second = await ask('add', session_id);
      const messages = await client.sessions.messages(session_id);
      const place = (job: string, count: number) => Array.from({ length: count }, (_, n) => `${job}.${n}`);
      expect(messages.map(({ id }) => id)).toEqual([...place(first.id, 2), ...place(second.id, 6)]);
      const contents = messages.map(({ content }) => content);

      const keeps = {
        [`${second.id}.1`]: 5,
        [`${second.id}.2`]: 5,
        [`${second.id}.3`]: 7,
        [`${second.id}.5`]: 8,
      };
      for (const [until_message, count] of Object.entries(keeps)) {
        const fork = await client.sessions.fork(session_id, { until_message });
        const copied = await client.sessions.messages(fork.id);
        expect(copied.map(({ content }) => content)).toEqual(contents.slice(0, count));
        await simulator.script([saysDone('and on')]);
        expect(await ask('go on', fork.id)).toMatchObject({ state: 'succeeded', answer: 'and on' });
      }

      const refused = (until_message: string) => client.sessions.fork(session_id, { until_message });
      await expect(refused(`${second.id}.0`)).rejects.toMatchObject({
        status: 400,
        message: expect.stringMatching(`at ${second.id}.1 to keep the answer, or fork at ${first.id}.1 and`),
      });
      await expect(refused(`${first.id}.0`)).rejects.toMatchObject({
        status: 400,
        message: expect.stringContaining('send it to a new session'),
      });
      for (const absent of [`${second.id}.6`, 'job_none.1', 'nonsense']) {
        await expect(refused(absent)).rejects.toMatchObject({ status: 404 });
      }
      await expect(
        client.sessions.fork(session_id, { until_job: first.id, until_message: `${first.id}.1` }),
      ).rejects.toMatchObject({ status: 400, message: expect.stringContaining('not both') });
    });

    test('a tool result is downloaded whole, whatever the model saw of it', async () => {
      const { simulator } = fleet();
      const client = await start();
      await client.agents.save('narrow', { limits: { tool_result_chars: 256 } });
      const id = 'toolu_big';
      const use = { type: 'tool_use', id, name: 'counting__repeat', input: { text: 'é', times: 100_000 } };
      await simulator.script([{ content: [use], stop_reason: 'tool_use' }, saysDone()]);
      const job = await client.jobs.create({ query: 'repeat', agent: 'narrow' });
      expect(await client.jobs.wait(job.id)).toMatchObject({ state: 'succeeded' });
      expect(await client.jobs.toolResults(job.id)).toMatchObject([
        {
          tool_use_id: id,
          outcome: 'ok',
          cut: true,
          content_type: 'text/plain; charset=utf-8',
          size: 200_000,
        },
      ]);
      const response = await client.jobs.toolResult(job.id, id);
      expect(response.headers.get('content-type')).toBe('text/plain; charset=utf-8');
      expect(response.headers.get('x-content-type-options')).toBe('nosniff');
      expect(await response.text()).toBe('é'.repeat(100_000));
      await expect(client.jobs.toolResult(job.id, 'toolu_none')).rejects.toMatchObject({ status: 404 });
      const listed = await client.jobs.toolResults(job.id);
      await eraseBlobs(fleet().env.STORE_URL as string);
      expect(await client.jobs.toolResults(job.id)).toEqual(listed);
    });

    test('a stream that is cut off again and again brings every step once', async () => {
      const { simulator, tools } = fleet();
      const { url } = await start();
      const calls = Array.from({ length: 6 }, (_, n) => asksToAdd(n + 1));
      for (let n = 1; n <= 6; n += 1) tools.hold(n);
      const { hostname, port } = new URL(url);
      const proxy = await startTcpProxy(hostname, Number(port));
      try {
        const client = new FleetClient({ url: `http://127.0.0.1:${proxy.port}` });
        await simulator.script([...calls, saysDone('at last')]);
        const { id } = await client.jobs.create({ query: 'add' });
        const steps: string[] = [];
        let answer: string | null = null;
        for await (const { event, data } of client.jobs.stream(id)) {
          if (event === 'ended') answer = data.answer;
          if (event !== 'step') continue;
          steps.push(`${data.round}.${data.slot}`);
          if (data.type !== 'reply') continue;
          proxy.cut();
          tools.release(data.round + 1);
        }
        expect(answer).toBe('at last');
        const recorded = (await client.jobs.steps(id)).map(({ round, slot }) => `${round}.${slot}`);
        expect(steps).toEqual(recorded);
      } finally {
        await proxy.stop();
      }
    });
  });
}

/** Takes away the bytes of all blobs, so that nobody can have read them. */
async function eraseBlobs(url: string): Promise<void> {
  if (url.startsWith('mongodb')) {
    const client = new MongoClient(url);
    await client.db().collection('blobs.chunks').deleteMany({});
    return client.close();
  }
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('DELETE FROM fleet.blob_chunks');
  await client.end();
}
