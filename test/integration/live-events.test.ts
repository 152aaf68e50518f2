import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetClient, type JobEvent } from '@mcp-fleet/client';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type FleetProcess, startFleetProcess } from '../support/fleet-process.ts';
import { npmServer } from '../support/npm-server.ts';
import { describeWith } from '../support/services.ts';
import { saysDone, startTestSimulator, type TestSimulator } from '../support/simulator-control.ts';
import { someTopologies, type TestTopology } from '../support/topologies.ts';

const token = 'a token of the fleet that is long enough';

/** Events of a stream before its first text: message_start, ping, content_block_start. */
const beforeText = 3;

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `what a worker does is streamed by apis in other processes, on ${name}`, () => {
    let folder: string;
    let topology: TestTopology;
    let simulator: TestSimulator;
    let processes: FleetProcess[];

    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), 'fleet-live-'));
      [topology, simulator] = await Promise.all([open(), startTestSimulator()]);
      processes = [];
    });

    afterEach(async () => {
      await Promise.all(processes.map((process) => process.kill('SIGKILL')));
      await simulator.stop();
      await topology.stop();
      await rm(folder, { recursive: true, force: true });
    });

    /** A configuration with tools, among them one that tells of its progress. */
    async function withTools(): Promise<Record<string, string>> {
      const config = join(folder, 'fleet.json');
      const everything = { command: process.execPath, args: [npmServer('server-everything'), 'stdio'] };
      await writeFile(config, JSON.stringify({ mcpServers: { all: everything } }));
      return { FLEET_CONFIG: config };
    }

    async function start(role: string, over: Record<string, string> = {}): Promise<FleetProcess> {
      const env = {
        ...topology.env,
        SIMULATOR_URL: simulator.url,
        FLEET_MODEL: 'simulated',
        FLEET_INTERNAL_TOKEN: token,
        ...over,
      };
      const started = await startFleetProcess([role], env);
      processes.push(started);
      return started;
    }

    /** Follows a job until an event is the one that is waited for. */
    async function follow(
      { url }: FleetProcess,
      job: string,
      isLast: (event: JobEvent, all: JobEvent[]) => boolean,
    ): Promise<JobEvent[]> {
      const events: JobEvent[] = [];
      for await (const event of new FleetClient({ url }).jobs.stream(job)) {
        events.push(event);
        if (isLast(event, events)) break;
      }
      return events;
    }

    const isText = ({ event }: JobEvent) => event === 'text_delta';
    const isEnd = ({ event }: JobEvent) => event === 'ended';
    const textOf = (events: JobEvent[]) =>
      events.map((event) => (event.event === 'text_delta' ? event.data.text : '')).join('');
    const says = 'one two three four five six seven';
    /** The reply whose first word or two come at once, and the rest when it is released. */
    const half = { content: says, hold_after: beforeText + 1 };
    const submit = async ({ url }: FleetProcess) =>
      (await new FleetClient({ url }).jobs.create({ query: 'say it' })).id;

    test('text comes as it is written, and whole to those that come in its middle', async () => {
      const [one, two] = await Promise.all([start('api'), start('api'), start('worker')]);
      await simulator.script([half]);
      const job = await submit(one);
      const begun = await follow(one, job, isText);
      const first = textOf(begun);
      expect(says.startsWith(first)).toBe(true);
      expect(first).not.toBe(says);
      const late = follow(two, job, isEnd);
      const early = follow(one, job, isEnd);
      const middle = textOf(await follow(two, job, isText));
      expect(says.startsWith(middle)).toBe(true);
      await simulator.release();
      for (const events of await Promise.all([early, late])) {
        expect(textOf(events)).toBe(says);
        const order = events.map(({ event }) => event).filter((event) => event !== 'model_started');
        expect(order.filter((event, at) => event !== order[at - 1])).toEqual(['text_delta', 'step', 'ended']);
      }
    });

    test('the progress of a tool comes with its own units, between its start and its result', async () => {
      const [api] = await Promise.all([start('api'), start('worker', await withTools())]);
      const use = { type: 'tool_use', id: 'toolu_1', name: 'all__trigger-long-running-operation' };
      const content = [{ ...use, input: { duration: 0.3, steps: 3 } }];
      await simulator.script([{ content, stop_reason: 'tool_use', hold: true }, saysDone()]);
      const job = await submit(api);
      const following = follow(api, job, isEnd);
      await simulator.requested(job, 1);
      await simulator.release();
      const events = await following;
      const place = events.findIndex(({ event }) => event === 'tool_progress');
      expect(events[place]?.data).toMatchObject({ tool: use.name, progress: 1, total: 3, round: 0, slot: 1 });
      const result = events.findIndex(({ event, data }) => event === 'step' && 'outcome' in data);
      expect(place).toBeGreaterThan(events.findIndex(({ event }) => event === 'tool_started'));
      expect(place).toBeLessThan(result);
    });

    test('a worker that dies takes its text with it; the next one begins anew, and no step is missed', async () => {
      const api = await start('api');
      const first = await start('worker', { QUEUE_LOCK_MS: '1000' });
      await simulator.script([half, { content: says }]);
      const job = await submit(api);
      const following = follow(api, job, isEnd);
      await follow(api, job, isText);
      await first.kill('SIGKILL');
      await start('worker', { QUEUE_LOCK_MS: '1000' });
      const events = await following;
      const anew = events.findLastIndex(({ event }) => event === 'model_started');
      expect([says, '']).toContain(textOf(events.slice(anew)));
      const steps = events.filter(({ event }) => event === 'step');
      expect(steps).toMatchObject([{ data: { type: 'reply', content: [{ text: says }] } }]);
    });

    test('a worker streams to nobody that does not have the secret for its address', async () => {
      const worker = await start('worker');
      const ask = (headers: Record<string, string> = {}) =>
        fetch(`${worker.url}/internal/live?api=stranger`, { headers });
      expect((await ask()).status).toBe(401);
      expect((await ask({ authorization: `Bearer ${token}` })).status).toBe(401);
      expect((await ask({ authorization: 'Bearer ' })).status).toBe(401);
    });

    test('an api with another token gets no text, and all steps', async () => {
      const api = await start('api', { FLEET_INTERNAL_TOKEN: `another ${token}` });
      await start('worker');
      await simulator.script([{ ...half, hold_after: beforeText + 1 }]);
      const job = await submit(api);
      const following = follow(api, job, isEnd);
      await simulator.requested(job, 1);
      await simulator.release();
      const events = await following;
      expect(textOf(events)).toBe('');
      expect(events.map(({ event }) => event)).toEqual(['step', 'ended']);
    });

    test('an api that stops tells its clients to come back, who go on at another', async () => {
      const [one, two] = await Promise.all([start('api'), start('api'), start('worker', await withTools())]);
      const use = { type: 'tool_use', id: 'toolu_1', name: 'all__echo', input: { message: 'hi' } };
      await simulator.script([{ content: [use], stop_reason: 'tool_use' }, half]);
      const job = await submit(one);
      let url = one.url;
      const client = new FleetClient({
        url: 'http://fleet.invalid',
        fetch: (input, init) => fetch(String(input).replace('http://fleet.invalid', url), init),
      });
      const events: JobEvent[] = [];
      for await (const event of client.jobs.stream(job)) {
        events.push(event);
        if (event.event === 'text_delta' && url === one.url) {
          url = two.url;
          expect(await one.kill('SIGTERM')).toBe(0);
          await simulator.release();
        }
      }
      const steps = events.filter(({ event }) => event === 'step');
      expect(steps.map(({ data }) => 'type' in data && data.type)).toEqual(['reply', 'tool_result', 'reply']);
      expect(events.at(-1)).toMatchObject({ event: 'ended', data: { state: 'succeeded', answer: says } });
    });
  });
}
