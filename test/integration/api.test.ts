import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetClient } from '@mcp-fleet/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type FleetProcess, startFleetProcess } from '../support/fleet-process.ts';
import { saysDone, startTestSimulator, type TestSimulator } from '../support/simulator-control.ts';

let folder: string;
let simulator: TestSimulator;
let fleet: FleetProcess;
let client: FleetClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleet-api-'));
  simulator = await startTestSimulator();
  fleet = await startFleetProcess(['up', '--port', '0', '--data', join(folder, 'data')], {
    SIMULATOR_URL: simulator.url,
    FLEET_MODEL: 'simulated',
  });
  client = new FleetClient({ url: fleet.url });
});

afterAll(async () => {
  expect(await fleet.kill('SIGTERM')).toBe(0);
  await simulator.stop();
  await rm(folder, { recursive: true, force: true });
});

const post = (body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${fleet.url}/v1/jobs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

/** Runs one query that is answered with `answer`. */
async function answered(answer: string, job: { session_id?: string } = {}) {
  await simulator.script([saysDone(answer)]);
  return client.jobs.wait((await client.jobs.create({ query: 'say it', ...job })).id);
}

describe('a submitted job', () => {
  test('is accepted with 202, its shape and a request id', async () => {
    await simulator.script([saysDone('fine')]);
    const response = await post({ query: 'How are you?', metadata: { from: 'a test' } });
    expect(response.status).toBe(202);
    expect(response.headers.get('request-id')).toMatch(/^req_[0-9a-f]{32}$/);
    const job = await response.json();
    expect(job).toMatchObject({
      id: expect.stringMatching(/^job_/),
      type: 'job',
      session_id: null,
      agent: 'default',
      model: 'simulated',
      query: [{ type: 'text', text: 'How are you?' }],
      answer: null,
      error: null,
      metadata: { from: 'a test' },
      ended_at: null,
    });
    expect(Date.parse(job.created_at)).not.toBeNaN();
    expect(await client.jobs.wait(job.id)).toMatchObject({
      state: 'succeeded',
      answer: 'fine',
      stop_reason: 'end_turn',
      attempts: 1,
      usage: { model_calls: 1, tool_calls: 0 },
    });
  });

  test('may have content blocks as its query', async () => {
    const query = [
      { type: 'text', text: 'Read this.' },
      { type: 'text', text: 'And this.' },
    ];
    await simulator.script([saysDone()]);
    const { id } = await client.jobs.create({ query });
    expect((await client.jobs.wait(id)).query).toEqual(query);
  });

  test('whose model call is refused ends as failed, with the type and message of the provider', async () => {
    await simulator.script([
      { error: { status: 401, type: 'authentication_error', message: 'invalid x-api-key' } },
    ]);
    const { id } = await client.jobs.create({ query: 'hello' });
    const job = await client.jobs.wait(id);
    expect(job).toMatchObject({ state: 'failed', answer: null, error: { type: 'model_authentication' } });
    expect(job.error?.message).toContain('authentication_error');
    expect(job.error?.message).toContain('invalid x-api-key');
    expect(await simulator.requests(id)).toBe(1);
  });
});

describe('waiting for a job', () => {
  test('answers with its end, or after the time as it then is', async () => {
    await simulator.script([{ hold: true, ...(saysDone('late') as object) }]);
    const { id } = await client.jobs.create({ query: 'hello' });
    await simulator.requested(id, 1);
    const look = async (wait: string) => (await fetch(`${fleet.url}/v1/jobs/${id}?wait=${wait}`)).json();
    expect(await look('0.05')).toMatchObject({ state: 'running', answer: null, ended_at: null });
    const end = look('60');
    await simulator.release();
    expect(await end).toMatchObject({ state: 'succeeded', answer: 'late' });
  });
});

describe('an idempotency key', () => {
  test('gives the same job for the same body and refuses another body', async () => {
    const headers = { 'idempotency-key': 'order-17' };
    await simulator.script([saysDone()]);
    const first = await post({ query: 'once' }, headers);
    expect(first.status).toBe(202);
    const { id } = await first.json();
    await client.jobs.wait(id);
    const second = await post({ query: 'once' }, headers);
    expect(second.status).toBe(200);
    expect(await second.json()).toMatchObject({ id, state: 'succeeded' });
    expect(await simulator.requests(id)).toBe(1);
    const other = await post({ query: 'twice' }, headers);
    expect(other.status).toBe(409);
    expect((await other.json()).error.code).toBe('idempotency_conflict');
  });
});

describe('lists', () => {
  let session_id: string;
  beforeEach(async () => {
    session_id = (await client.sessions.create()).id;
  });

  test('page through every job of a session once, newest first', async () => {
    const ids: string[] = [];
    for (const answer of ['1', '2', '3', '4', '5']) ids.push((await answered(answer, { session_id })).id);
    const seen: string[] = [];
    const flags: boolean[] = [];
    for (let after_id: string | undefined; ; ) {
      const page = await client.jobs.list({ session_id, limit: 2, ...(after_id ? { after_id } : {}) });
      seen.push(...page.data.map((job) => job.id));
      flags.push(page.has_more);
      expect([page.first_id, page.last_id]).toEqual([page.data[0]?.id, page.data.at(-1)?.id]);
      if (!page.has_more) break;
      after_id = page.last_id as string;
    }
    expect(seen).toEqual(ids.toReversed());
    expect(flags).toEqual([true, true, false]);
  });

  test('filter jobs by state', async () => {
    const good = await answered('good', { session_id });
    await simulator.script([{ error: { status: 403, type: 'permission_error', message: 'no' } }]);
    const bad = await client.jobs.create({ query: 'hello', session_id });
    await client.jobs.wait(bad.id);
    const ids = async (state: 'succeeded' | 'failed' | 'queued') =>
      (await client.jobs.list({ session_id, state })).data.map((job) => job.id);
    expect([await ids('succeeded'), await ids('failed'), await ids('queued')]).toEqual([
      [good.id],
      [bad.id],
      [],
    ]);
  });

  test('page through sessions, newest first', async () => {
    const newer = await client.sessions.create();
    const page = await client.sessions.list({ limit: 1 });
    expect(page).toMatchObject({ data: [{ id: newer.id }], has_more: true });
    const next = await client.sessions.list({ limit: 1, after_id: newer.id });
    expect(next.data[0]?.id).toBe(session_id);
  });
});
