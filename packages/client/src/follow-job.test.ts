import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { FleetClient, type JobEvent } from './index.ts';

let stop: () => Promise<void> = async () => undefined;
afterEach(() => stop());

/** A fleet whose n-th stream goes as it is told, and the client that follows a job there. */
async function fleetThat(...streams: ((response: ServerResponse) => void)[]) {
  const requests: IncomingHttpHeaders[] = [];
  let second: () => void;
  const askedAgain = new Promise<void>((resolve) => {
    second = resolve;
  });
  const server = createServer((request, response) => {
    requests.push(request.headers);
    if (requests.length === 2) second();
    streams[Math.min(requests.length, streams.length) - 1]?.(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { client: new FleetClient({ url, maxRetries: 0 }), requests, askedAgain };
}

const begin = (response: ServerResponse) =>
  response.writeHead(200, { 'content-type': 'text/event-stream' }).write('retry: 10\n\n');
const step = (round: number) =>
  `id: ${round}.0\nevent: step\ndata: ${JSON.stringify({ type: 'reply', round })}\n\n`;
const ended = 'event: ended\ndata: {"id":"job_1","state":"succeeded"}\n\n';

/** Sends this much of a stream, then breaks the connection. */
const broken = (text: string) => (response: ServerResponse) => {
  begin(response);
  response.write(text, () => response.destroy());
};
const whole = (text: string) => (response: ServerResponse) => {
  begin(response);
  response.end(text);
};

const shown = ({ event, data }: JobEvent) => (event === 'step' ? `step ${data.round}` : event);

async function followed(client: FleetClient): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of client.jobs.stream('job_1')) seen.push(shown(event));
  return seen;
}

test('a stream that breaks goes on behind the last step that came whole', async () => {
  const half = step(2).slice(0, -9);
  const { client, requests } = await fleetThat(
    broken(step(0) + step(1) + half),
    (response) => response.destroy(),
    (response) => response.writeHead(503).end('{}'),
    broken(''),
    whole(step(2)),
    whole(ended),
  );
  expect(await followed(client)).toEqual(['step 0', 'step 1', 'step 2', 'ended']);
  expect(requests.map((headers) => headers['last-event-id'])).toEqual([
    undefined,
    '1.0',
    '1.0',
    '1.0',
    '1.0',
    '2.0',
  ]);
});

test('a job that is not there is no broken stream', async () => {
  const body = { type: 'error', error: { type: 'not_found_error', code: 'job_not_found', message: 'none' } };
  const { client, requests } = await fleetThat((response) =>
    response.writeHead(404).end(JSON.stringify(body)),
  );
  await expect(followed(client)).rejects.toMatchObject({ status: 404, code: 'job_not_found' });
  expect(requests).toHaveLength(1);
});

test('a fleet that stays away ends the stream with its error', async () => {
  const { client, requests } = await fleetThat(broken(step(0)), (response) => response.destroy());
  await expect(followed(client)).rejects.toMatchObject({ code: 'fleet_unreachable' });
  expect(requests.length).toBeGreaterThan(5);
});

test.each([
  ['that is open', (response: ServerResponse) => void begin(response)],
  ['whose connection is not there', (response: ServerResponse) => void response.destroy()],
])('an abort ends a stream %s', async (_what, later) => {
  const { client, requests, askedAgain } = await fleetThat(broken(step(0)), later);
  const abort = new AbortController();
  const stream = client.jobs.stream('job_1', abort.signal);
  expect((await stream.next()).value).toMatchObject({ event: 'step' });
  const next = stream.next();
  await askedAgain;
  const began = performance.now();
  abort.abort(new Error('enough'));
  await expect(next).rejects.toThrow('enough');
  expect(performance.now() - began).toBeLessThan(500);
  const before = requests.length;
  expect((await stream.next()).done).toBe(true);
  expect(requests).toHaveLength(before);
});
