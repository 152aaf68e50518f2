import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FleetClient } from '@mcp-fleet/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import type { CallToolResult, Progress } from '@modelcontextprotocol/sdk/types.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type CountingServer, startCountingServer } from '../support/counting-server.ts';
import { type FleetProcess, startFleetProcess } from '../support/fleet-process.ts';
import { describeWith } from '../support/services.ts';
import { asksToAdd, saysDone, startTestSimulator, type TestSimulator } from '../support/simulator-control.ts';
import { useTemporaryFolder } from '../support/temporary-folder.ts';
import { someTopologies, type TestTopology } from '../support/topologies.ts';
import { until } from '../support/until.ts';

const folder = useTemporaryFolder();

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `the fleet as an MCP server over HTTP, ${name}`, () => {
    let topology: TestTopology;
    let simulator: TestSimulator;
    let tools: CountingServer;
    let api: FleetProcess;
    let worker: FleetProcess;
    let fleet: FleetClient;
    let client: Client;

    beforeEach(async () => {
      [topology, simulator, tools] = await Promise.all([open(), startTestSimulator(), startCountingServer()]);
      const counting = { url: tools.url, tools: { add: { safety: 'read_only' } } };
      const config = join(folder.path, 'fleet.json');
      await writeFile(config, JSON.stringify({ mcpServers: { counting } }));
      const env = { ...topology.env, SIMULATOR_URL: simulator.url, FLEET_MODEL: 'simulated' };
      [api, worker] = await Promise.all([
        startFleetProcess(['api'], env),
        startFleetProcess(['worker', '--config', config], env),
      ]);
      fleet = new FleetClient({ url: api.url });
      client = new Client({ name: 'test', version: '1' });
      await client.connect(new StreamableHTTPClientTransport(new URL(`${api.url}/mcp`)) as Transport);
    });

    afterEach(async () => {
      await client.close();
      expect(await api.kill('SIGTERM')).toBe(0);
      expect(api.log()).not.toMatch(/"level":[56]0/);
      await worker.kill('SIGKILL');
      await Promise.all([simulator.stop(), tools.stop()]);
      await topology.stop();
    });

    /** Calls a tool as a client that has read the tools' schemas: results that do not fit them throw. */
    async function call(
      tool: string,
      input: Record<string, unknown>,
      options: { onprogress?: (progress: Progress) => void; signal?: AbortSignal } = {},
    ): Promise<CallToolResult> {
      await client.listTools();
      const params = { name: tool, arguments: input };
      return (await client.callTool(params, undefined, options)) as CallToolResult;
    }

    const fieldOf = (result: CallToolResult, key: string) => result.structuredContent?.[key] as string;
    const textOf = (result: CallToolResult) => (result.content[0] as { text: string }).text;

    test('a submitted job is waited for, and each of its steps is progress before the answer', async () => {
      await simulator.script([asksToAdd(1, 2), saysDone('three and more')]);
      tools.hold(2);
      const submitted = await call('submit_job', { query: 'add' });
      const id = fieldOf(submitted, 'id');
      expect(textOf(submitted)).toMatch(new RegExp(`^${id} is \\w+\\. Call wait_for_job`));
      const progress: Progress[] = [];
      const onprogress = (told: Progress) => {
        progress.push(told);
        // The result of the held call is yet to come, so what has been told was told while the job ran.
        if (progress.length === 2) tools.release(2);
      };
      const ended = await call('wait_for_job', { job_id: id }, { onprogress });
      expect(progress).toEqual([
        { progress: 1, message: 'the model calls counting__add, counting__add' },
        { progress: 2, message: 'counting__add answered' },
        { progress: 3, message: 'counting__add answered' },
        { progress: 4, message: 'the model replied: three and more' },
      ]);
      expect(ended.isError).toBeUndefined();
      expect(textOf(ended)).toBe(`${id} succeeded.\n\nthree and more`);
      expect(ended.structuredContent).toMatchObject({
        id,
        state: 'succeeded',
        query: 'add',
        answer: 'three and more',
        usage: { model_calls: 2, tool_calls: 2 },
      });
    });

    test('a job is waited for where it is submitted, and read again with its session', async () => {
      const session = fieldOf(await call('create_session', {}), 'id');
      await simulator.script([asksToAdd(5), saysDone('six')]);
      const ended = await call('submit_job', { query: 'five and one', session_id: session, wait: 60 });
      expect(ended.structuredContent).toMatchObject({ state: 'succeeded', answer: 'six' });
      const id = fieldOf(ended, 'id');
      expect((await call('get_job', { job_id: id })).structuredContent).toEqual(ended.structuredContent);

      const messages = await call('session_messages', { session_id: session, last: 3 });
      expect(messages.structuredContent).toMatchObject({ session_id: session, omitted: 1 });
      expect(textOf(messages)).toBe(
        '(1 earlier messages are left out)\nassistant: calls counting__add {"n":5}\nuser: tool result: 6\nassistant: six',
      );
      expect((await call('list_sessions', {})).structuredContent).toMatchObject({
        sessions: [{ id: session, active_job: null }],
        has_more: false,
      });
      const listed = await call('list_jobs', { session_id: session, state: 'succeeded' });
      expect(listed.structuredContent).toMatchObject({ jobs: [{ id, query: 'five and one' }] });
      expect((await call('list_jobs', { state: 'failed' })).structuredContent).toMatchObject({ jobs: [] });
    });

    test('a wait that is over before the job has ended returns it as it is', async () => {
      await simulator.script([{ hold: true, ...(saysDone('late') as object) }]);
      const running = await call('submit_job', { query: 'slow', wait: 0.2 });
      const id = fieldOf(running, 'id');
      expect(running.structuredContent).toMatchObject({ ended_at: null, answer: null });
      await simulator.requested(id, 1);
      const still = await call('wait_for_job', { job_id: id, wait: 0.2 });
      expect(still.structuredContent).toMatchObject({ state: 'running' });
    });

    test('a job is canceled', async () => {
      await simulator.script([{ hold: true, ...(saysDone('too late') as object) }]);
      const id = fieldOf(await call('submit_job', { query: 'slow' }), 'id');
      await simulator.requested(id, 1);
      const canceled = await call('cancel_job', { job_id: id });
      expect(canceled.structuredContent).toMatchObject({ id, state: 'canceled', answer: null });
      await until('the end of the model request', async () => (await simulator.held()) === 0);
    });

    test('a caller that gives up waiting leaves the job running', async () => {
      await simulator.script([asksToAdd(1), { hold: true, ...(saysDone('in the end') as object) }]);
      const id = fieldOf(await call('submit_job', { query: 'slow' }), 'id');
      const { promise: waits, resolve: onprogress } = Promise.withResolvers<Progress>();
      const gaveUp = new AbortController();
      const waiting = call('wait_for_job', { job_id: id }, { onprogress, signal: gaveUp.signal });
      const failed = expect(waiting).rejects.toThrow('the user went on');
      await waits;
      await simulator.requested(id, 2);
      gaveUp.abort('the user went on');
      await failed;
      await client.close();
      expect((await fleet.jobs.get(id)).state).toBe('running');
      await simulator.release();
      expect(await fleet.jobs.wait(id)).toMatchObject({ state: 'succeeded', answer: 'in the end' });
    });

    test('what the fleet refuses is an error result with type and message', async () => {
      const unknown = { type: 'job_not_found', message: 'There is no job job_none.' };
      for (const tool of ['get_job', 'wait_for_job', 'cancel_job']) {
        const result = await call(tool, { job_id: 'job_none' });
        expect(result).toMatchObject({ isError: true, _meta: { 'fleet/error': unknown } });
        expect(textOf(result)).toBe('job_not_found: There is no job job_none.');
      }
      expect(textOf(await call('submit_job', { query: 'x', agent: 'nobody' }))).toContain(
        'not_found: There is no agent named "nobody".',
      );
      expect(textOf(await call('session_messages', { session_id: 'sess_none' }))).toContain(
        'session_not_found',
      );
    });

    test('a page of another origin is refused before it is heard', async () => {
      const response = await fetch(`${api.url}/mcp`, {
        method: 'POST',
        headers: {
          origin: 'http://evil.example',
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
        },
        body: JSON.stringify({
          jsonrpc: '2.0',
          id: 1,
          method: 'tools/call',
          params: { name: 'submit_job', arguments: { query: 'What is 6 * 7?' } },
        }),
      });
      expect(response.status).toBe(403);
      expect(response.headers.get('request-id')).toMatch(/^req_/);
      expect((await fleet.jobs.list()).data).toEqual([]);
    });

    test('a call with the key of a call before it submits no second job', async () => {
      const submit = async () => {
        const params = {
          name: 'submit_job',
          arguments: { query: 'What is 6 * 7?' },
          _meta: { 'fleet/idempotencyKey': 'call_1' },
        };
        return fieldOf((await client.callTool(params)) as CallToolResult, 'id');
      };
      expect(await submit()).toBe(await submit());
    });
  });
}
