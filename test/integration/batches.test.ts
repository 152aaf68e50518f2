import { type BatchEstimate, FleetClient } from '@mcp-fleet/client';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type FleetProcess, startFleetProcess } from '../support/fleet-process.ts';
import { describeWith } from '../support/services.ts';
import { saysDone, startTestSimulator, type TestSimulator } from '../support/simulator-control.ts';
import { someTopologies, type TestTopology } from '../support/topologies.ts';
import { until } from '../support/until.ts';
import { startWebhookReceiver } from '../support/webhook-receiver.ts';

interface BatchView {
  id: string;
  state: string;
  bytes: number;
  lines: number;
  counts: Record<string, number>;
  invalid_lines: { line: number; message: string }[];
}

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `batches on ${name}`, () => {
    let topology: TestTopology;
    let simulator: TestSimulator;
    let api: FleetProcess;
    let processes: FleetProcess[];

    beforeEach(async () => {
      [topology, simulator] = await Promise.all([open(), startTestSimulator()]);
      const env = {
        ...topology.env,
        SIMULATOR_URL: simulator.url,
        FLEET_MODEL: 'simulated',
        DISPATCH_EVERY_MS: '100',
        WEBHOOK_EVERY_MS: '100',
        WEBHOOK_ALLOW: '127.0.0.0/8',
      };
      const start = (role: string) => startFleetProcess([role], env);
      processes = await Promise.all(['api', 'worker', 'reconciler'].map(start));
      api = processes[0] as FleetProcess;
    });

    afterEach(async () => {
      await Promise.all(processes.map((process) => process.kill('SIGKILL')));
      await simulator.stop();
      await topology.stop();
    });

    async function call<T = BatchView>(
      method: string,
      path: string,
      body?: string,
      type?: string,
    ): Promise<T> {
      const response = await fetch(`${api.url}${path}`, {
        method,
        ...(body === undefined ? {} : { body }),
        headers: { 'content-type': type ?? 'application/jsonl' },
      });
      const answer = (await response.json()) as T & { error?: { code: string; message: string } };
      if (!response.ok) throw new Error(`${answer.error?.code}: ${answer.error?.message}`);
      return answer;
    }

    const lines = (rows: unknown[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');

    test('lines under way keep to the budget together, which pauses the batch, and go on once it is raised', async () => {
      const client = new FleetClient({ url: api.url });
      const rows = Array.from({ length: 60 }, (_, n) => ({ query: `query ${n}`, max_tokens: 200 }));
      // A call may use about 250 tokens, and uses about 50.
      const max_tokens = 1_000;
      const { id } = await client.batches.create({ lines: rows, max_tokens });
      const isPaused = async () => (await client.batches.get(id)).state === 'paused';
      await until('the batch is paused', isPaused);
      const standing = async () => {
        const { usage, counts } = await client.batches.get(id);
        return { tokens: usage.input_tokens + usage.output_tokens, ...counts };
      };
      await until('some lines have ended', async () => (await standing()).succeeded > 0);
      const paused = await client.batches.get(id);
      expect(paused.pause_reason).toMatch(/^budget: \d+ of \d+ tokens are used/);
      expect((await standing()).tokens).toBeLessThanOrEqual(max_tokens);
      expect((await standing()).succeeded).toBeLessThan(60);
      const raised = await client.batches.setBudget(id, { max_tokens: max_tokens * 2 });
      expect(raised).toMatchObject({ state: 'in_progress', pause_reason: null });
      await until('the batch is paused again', isPaused);
      expect((await standing()).tokens).toBeLessThanOrEqual(max_tokens * 2);
      await client.batches.setBudget(id, { max_tokens: null });
      expect((await client.batches.wait(id)).counts).toMatchObject({ succeeded: 60 });
    });

    test('an estimate bounds what lines then cost, and keeps none of them', async () => {
      const rows = [
        { query: 'short' },
        { query: 'long '.repeat(1_000), max_tokens: 10 },
        { query: 'short', max_tokens: 0 },
      ];
      const estimate = await call<BatchEstimate>('POST', '/v1/batches/estimate', lines(rows));
      expect(estimate).toMatchObject({
        lines: 2,
        invalid: 1,
        models: ['simulated'],
        invalid_lines: [{ line: 3, message: expect.stringContaining('max_tokens') }],
      });
      const client = new FleetClient({ url: api.url });
      expect((await client.batches.list()).data).toEqual([]);
      const { id } = await call('POST', '/v1/batches?on_invalid=skip', lines(rows));
      const { usage } = await client.batches.wait(id);
      expect(usage.cost_usd).toBeGreaterThan(estimate.cost_usd?.min ?? Infinity);
      expect(usage.cost_usd).toBeLessThan(estimate.cost_usd?.max ?? 0);
      expect(usage.input_tokens + usage.output_tokens).toBeLessThan(estimate.tokens.max);
      const bounded = await client.batches.estimate({ lines: lines(rows), max_cost_usd: 0.001 });
      expect(bounded).toMatchObject({ tokens: estimate.tokens, cost_usd: { max: 0.001 } });
      const unpriced = await client.batches.estimate({ lines: [{ query: 'x', model: 'openai/nobodys' }] });
      expect(unpriced).toMatchObject({ cost_usd: null, models: ['openai/nobodys'] });
    });
    const read = (id: string) => call('GET', `/v1/batches/${id}`);
    const ended = (id: string) =>
      until('the end of the batch', async () => {
        const batch = await read(id);
        return batch.state === 'ended' ? batch : null;
      });
    async function results(id: string, query = ''): Promise<Record<string, unknown>[]> {
      const text = await (await fetch(`${api.url}/v1/batches/${id}/results${query}`)).text();
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line));
    }

    test('every line has its result, in the order of lines, with what it was asked', async () => {
      const queries = Array.from({ length: 120 }, (_, n) => ({
        custom_id: `q${n}`,
        query: `What is ${n} plus 1?`,
        metadata: { n: String(n) },
      }));
      const batch = await call('POST', '/v1/batches', lines(queries));
      expect(batch).toMatchObject({ state: 'in_progress', lines: 120, invalid_lines: [] });
      const after = await ended(batch.id);
      expect(after.counts).toMatchObject({ succeeded: 120, waiting: 0, open: 0 });
      const rows = await results(batch.id);
      expect(rows.map((row) => row.custom_id)).toEqual(queries.map((query) => query.custom_id));
      expect(rows[7]).toMatchObject({ line: 8, state: 'succeeded', error: null, metadata: { n: '7' } });
      expect(rows[7]?.answer).toBeTypeOf('string');
      expect(await results(batch.id, '?after_line=118')).toHaveLength(2);
      const client = new FleetClient({ url: api.url });
      expect((await client.jobs.get(rows[0]?.job_id as string)).state).toBe('succeeded');
      const csv = await (await fetch(`${api.url}/v1/batches/${batch.id}/results?format=csv`)).text();
      expect(csv.split('\n')[0]).toMatch(/^line,custom_id,state,answer,/);
      expect(csv.split('\n')[8]).toMatch(/^8,q7,succeeded,/);
    });

    test('bad lines are reported by their number, and keep the others from running or not, as was chosen', async () => {
      const body = `{"query":"one"}\nno json\n\n{"query":""}\n{"query":"five","custom_id":"line-1"}\n`;
      await expect(call('POST', '/v1/batches', body)).rejects.toThrow(
        /batch_invalid: 3 lines are not valid.*line 2: not JSON.*line 4: query.*line 5: custom_id/s,
      );
      expect(await call<{ data: unknown[] }>('GET', '/v1/batches')).toMatchObject({ data: [] });
      const batch = await call('POST', '/v1/batches?on_invalid=skip', body);
      expect(batch.invalid_lines.map(({ line }) => line)).toEqual([2, 4, 5]);
      expect((await ended(batch.id)).counts).toMatchObject({ succeeded: 1, invalid: 3 });
      const rows = await results(batch.id);
      expect(rows.map(({ line, state }) => [line, state])).toEqual([
        [1, 'succeeded'],
        [2, 'invalid'],
        [4, 'invalid'],
        [5, 'invalid'],
      ]);
      expect(rows[1]).toMatchObject({ error: { type: 'invalid_request' }, job_id: null });
    });

    test('an upload goes on where it stands, and only there', async () => {
      const { id } = await call('POST', '/v1/batches', '{}', 'application/json');
      const [one, two] = [lines([{ query: 'one' }]), lines([{ query: 'two' }])];
      expect(await call('PUT', `/v1/batches/${id}/lines?offset=0`, one)).toMatchObject({
        state: 'uploading',
        bytes: one.length,
        lines: 1,
      });
      await expect(call('PUT', `/v1/batches/${id}/lines?offset=0`, one)).rejects.toThrow(
        `upload_elsewhere: The upload of batch ${id} stands at byte ${one.length}`,
      );
      await call('PUT', `/v1/batches/${id}/lines?offset=${one.length}`, two);
      await call('POST', `/v1/batches/${id}/finalize`, '{}', 'application/json');
      await expect(call('PUT', `/v1/batches/${id}/lines?offset=${2 * one.length}`, two)).rejects.toThrow(
        'batch_closed',
      );
      expect((await ended(id)).counts).toMatchObject({ succeeded: 2 });
    });

    test('a form with a file does the same', async () => {
      const form = new FormData();
      form.set('on_invalid', 'skip');
      form.set('file', new Blob([lines([{ query: 'one' }, { query: 1 }])]), 'queries.jsonl');
      const response = await fetch(`${api.url}/v1/batches`, { method: 'POST', body: form });
      const batch = (await response.json()) as BatchView;
      expect(response.status).toBe(201);
      expect((await ended(batch.id)).counts).toMatchObject({ succeeded: 1, invalid: 1 });
    });

    test('lines of one session are its turns, in their order', async () => {
      const client = new FleetClient({ url: api.url });
      const sessions = await Promise.all([client.sessions.create({}), client.sessions.create({})]);
      const rows = Array.from({ length: 12 }, (_, n) => ({
        query: `line ${n}`,
        session_id: (sessions[n % 2] as { id: string }).id,
      }));
      const batch = await call('POST', '/v1/batches', lines(rows));
      expect((await ended(batch.id)).counts).toMatchObject({ succeeded: 12 });
      for (const [index, { id }] of sessions.entries()) {
        const { data } = await call<{ data: { role: string; content: { text?: string }[] }[] }>(
          'GET',
          `/v1/sessions/${id}/messages`,
        );
        const asked = data.filter(({ role }) => role === 'user').map(({ content }) => content[0]?.text);
        expect(asked).toEqual([0, 2, 4, 6, 8, 10].map((n) => `line ${n + index}`));
      }
      await expect(
        call('POST', '/v1/batches', lines([{ query: 'x', session_id: 'sess_none' }])),
      ).rejects.toThrow('line 1: session_id: there is no session sess_none');
    });

    test('is paused, goes on, and is canceled with what has begun', async () => {
      await simulator.script([{ hold: true, ...(saysDone() as object) }]);
      const batch = await call('POST', '/v1/batches', lines([{ query: 'held' }]));
      await until('the held call', async () => (await simulator.held()) === 1);
      const action = (name: string) =>
        call('POST', `/v1/batches/${batch.id}/${name}`, '{}', 'application/json');
      expect(await action('pause')).toMatchObject({ state: 'paused', counts: { open: 1 } });
      expect(await action('resume')).toMatchObject({ state: 'in_progress' });
      expect(await action('cancel')).toMatchObject({ state: 'canceling' });
      expect((await ended(batch.id)).counts).toMatchObject({ canceled: 1, open: 0 });
      await until('the end of the model request', async () => (await simulator.held()) === 0);
      expect(await results(batch.id)).toMatchObject([{ state: 'canceled', error: null }]);
      expect(await call('DELETE', `/v1/batches/${batch.id}`, '{}', 'application/json')).toMatchObject({
        type: 'batch_deleted',
      });
      await expect(read(batch.id)).rejects.toThrow('not_found');
    });

    test('failed lines run again when they are asked to', async () => {
      await simulator.script([{ error: { status: 400, type: 'invalid_request_error' } }]);
      const batch = await call('POST', '/v1/batches', lines([{ query: 'fails first' }]));
      expect((await ended(batch.id)).counts).toMatchObject({ errored: 1 });
      expect(await results(batch.id)).toMatchObject([
        { state: 'errored', error: { type: 'model_rejected' } },
      ]);
      const again = await call('POST', `/v1/batches/${batch.id}/retry_failed`, '{}', 'application/json');
      expect(again).toMatchObject({ state: 'in_progress', counts: { errored: 0 } });
      expect((await ended(batch.id)).counts).toMatchObject({ succeeded: 1, errored: 0 });
    });

    test('a webhook is told of its end, and of that after a retry, and not of its jobs', async () => {
      const client = new FleetClient({ url: api.url });
      const receiver = await startWebhookReceiver();
      onTestFinished(() => receiver.stop());
      const { id: webhook } = await client.webhooks.create({ url: receiver.url });
      await simulator.script([{ error: { status: 400, type: 'invalid_request_error' } }]);
      const { id } = await client.batches.create({
        lines: [{ query: 'fails first' }],
        metadata: { for: 'test' },
      });
      const [first] = await receiver.count(1);
      expect(JSON.parse(first?.body ?? '')).toMatchObject({
        type: 'batch.ended',
        data: {
          id,
          metadata: { for: 'test' },
          counts: { errored: 1, open: 0 },
          ended_at: expect.any(String),
        },
      });
      await client.batches.retryFailed(id);
      const [, second] = await receiver.count(2);
      expect(JSON.parse(second?.body ?? '')).toMatchObject({
        data: { counts: { succeeded: 1, errored: 0 } },
      });
      expect(second?.headers['webhook-id']).not.toBe(first?.headers['webhook-id']);
      const log = await client.webhooks.deliveries(webhook);
      expect(log.data.map(({ event, job_id, batch_id }) => [event, job_id, batch_id])).toEqual([
        ['batch.ended', null, id],
        ['batch.ended', null, id],
      ]);
    });

    describe('lines that have not ended in time', () => {
      test('expire', async () => {
        await simulator.script([{ hold: true, ...(saysDone() as object) }]);
        const soon = new Date(Date.now() + 1500).toISOString();
        const batch = await call('POST', `/v1/batches?expires_at=${soon}`, lines([{ query: 'held' }]));
        expect((await ended(batch.id)).counts).toMatchObject({ expired: 1 });
        expect(await results(batch.id)).toMatchObject([{ state: 'expired' }]);
      });
    });
  });
}
