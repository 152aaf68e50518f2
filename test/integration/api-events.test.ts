import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetClient, type Message } from '@mcp-fleet/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CountingServer, startCountingServer } from '../support/counting-server.ts';
import { type FleetProcess, startFleetProcess } from '../support/fleet-process.ts';
import { asksToAdd, saysDone, startTestSimulator, type TestSimulator } from '../support/simulator-control.ts';

let folder: string;
let simulator: TestSimulator;
let tools: CountingServer;
let fleet: FleetProcess;
let client: FleetClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleet-api-'));
  simulator = await startTestSimulator();
  tools = await startCountingServer();
  const config = join(folder, 'fleet.json');
  await writeFile(config, JSON.stringify({ mcpServers: { counting: { url: tools.url } } }));
  const args = ['up', '--port', '0', '--data', join(folder, 'data'), '--config', config];
  fleet = await startFleetProcess(args, { SIMULATOR_URL: simulator.url, FLEET_MODEL: 'simulated' });
  client = new FleetClient({ url: fleet.url });
});

afterAll(async () => {
  expect(await fleet.kill('SIGTERM')).toBe(0);
  await Promise.all([simulator.stop(), tools.stop()]);
  await rm(folder, { recursive: true, force: true });
});

async function submit(replies: unknown[], session_id?: string): Promise<string> {
  await simulator.script(replies);
  return (await client.jobs.create({ query: 'add', ...(session_id ? { session_id } : {}) })).id;
}

interface Sent {
  event: string;
  id: string | undefined;
  data: Record<string, unknown>;
}

/** The events of a job as they are on the wire, until it ends or `last` has come. */
async function events(job: string, after?: string, last?: string): Promise<Sent[]> {
  const gone = new AbortController();
  const response = await fetch(`${fleet.url}/v1/jobs/${job}/events`, {
    headers: after === undefined ? {} : { 'last-event-id': after },
    signal: gone.signal,
  });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  expect(response.headers.get('request-id')).toMatch(/^req_/);
  const sent: Sent[] = [];
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk, { stream: true });
    const parts = text.split('\n\n').filter((part) => part.includes('data: ') || part === '');
    text = parts.pop() as string;
    sent.push(...parts.map(parseEvent));
    if (last !== undefined && sent.some((event) => event.id === last)) break;
  }
  gone.abort();
  return sent;
}

function parseEvent(text: string): Sent {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(text)?.[1];
  return { event: field('event') ?? '', id: field('id'), data: JSON.parse(field('data') ?? 'null') };
}

const stepIds = (sent: Sent[]) => sent.filter((e) => e.event === 'step').map((e) => e.id);

test('steps are listed in order, replies and results, with their outcome', async () => {
  const id = await submit([asksToAdd(1, 2), saysDone('three')]);
  await client.jobs.wait(id);
  const steps = await client.jobs.steps(id);
  expect(steps.map(({ round, slot, type }) => [round, slot, type])).toEqual([
    [0, 0, 'reply'],
    [0, 1, 'tool_result'],
    [0, 2, 'tool_result'],
    [1, 0, 'reply'],
  ]);
  expect(steps[1]).toMatchObject({ tool: 'counting__add', tool_use_id: 'toolu_1', outcome: 'ok' });
  expect(steps[3]).toMatchObject({ stop_reason: 'end_turn', content: [{ type: 'text', text: 'three' }] });
});

test('events that were missed come after last-event-id, without gap or repetition', async () => {
  tools.hold(12);
  const id = await submit([asksToAdd(11), asksToAdd(12), saysDone()]);
  const before = await events(id, undefined, '1.0');
  expect(stepIds(before)).toEqual(['0.0', '0.1', '1.0']);
  const rest = events(id, '1.0');
  tools.release(12);
  const after = await rest;
  expect(stepIds(after)).toEqual(['1.1', '2.0']);
  expect(after.at(-1)).toMatchObject({ event: 'ended', data: { id, state: 'succeeded' } });
  expect(stepIds(await events(id))).toEqual(['0.0', '0.1', '1.0', '1.1', '2.0']);
  expect((await events(id, '2.0')).map((e) => e.event)).toEqual(['ended']);
});

test('a tool starts after the reply that asked for it and before its result', async () => {
  tools.hold(20);
  const rounds = [20, 21, 22, 23, 24, 25, 26, 27, 28, 29];
  const id = await submit([...rounds.map((n) => asksToAdd(n)), saysDone()]);
  const all = events(id);
  await tools.received(20);
  tools.release(20);
  const order = (await all)
    .filter((e) => e.event === 'step' || e.event === 'tool_started')
    .map((e) => `${e.event} ${e.data.round}.${e.data.slot}`);
  const expected = rounds.flatMap((_, round) => [
    `step ${round}.0`,
    `tool_started ${round}.1`,
    `step ${round}.1`,
  ]);
  // The first call may start before anyone listens; what is live and unrecorded is not told again.
  const later = (line: string) => line !== 'tool_started 0.1';
  expect(order.filter(later)).toEqual([...expected, `step ${rounds.length}.0`].filter(later));
});

test('the messages of a session are a legal conversation, in the order of its turns', async () => {
  const session = await client.sessions.create();
  const jobs: string[] = [];
  for (const n of [31, 32]) {
    jobs.push(await submit([asksToAdd(n, n + 10), saysDone(`answer ${n}`)], session.id));
    await client.jobs.wait(jobs.at(-1) as string);
  }
  const messages = await client.sessions.messages(session.id);
  expect(messages.map((m) => m.role)).toEqual(
    Array.from({ length: 8 }, (_, n) => (n % 2 === 0 ? 'user' : 'assistant')),
  );
  expect(messages.map((m) => m.job_id)).toEqual([...Array(4).fill(jobs[0]), ...Array(4).fill(jobs[1])]);
  expect([messages[3], messages[7]].map((m) => m?.content[0]?.text)).toEqual(['answer 31', 'answer 32']);
  for (const [n, message] of messages.entries()) {
    const asked = idsOf(message, 'tool_use', 'id');
    if (asked.length > 0) expect(idsOf(messages[n + 1], 'tool_result', 'tool_use_id')).toEqual(asked);
  }
  expect(idsOf(messages[1], 'tool_use', 'id')).toHaveLength(2);
});

function idsOf(message: Message | undefined, type: string, key: string): unknown[] {
  return (message?.content ?? []).filter((block) => block.type === type).map((block) => block[key]);
}
