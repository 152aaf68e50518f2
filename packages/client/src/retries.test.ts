import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { FleetApiError, FleetClient } from './index.ts';

type Handler = (request: IncomingMessage & { body: string }, response: ServerResponse) => void;

let stop: () => Promise<void> = async () => undefined;
afterEach(() => stop());

/** A fleet that answers the n-th request as it is told, and the client that asks it. */
async function fleetThat(...answers: Handler[]) {
  const requests: (IncomingMessage & { body: string; at: number })[] = [];
  const waiting: { count: number; resolve: () => void }[] = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const seen = Object.assign(request, { body, at: performance.now() });
    requests.push(seen);
    for (const { count, resolve } of waiting) if (requests.length >= count) resolve();
    answers[Math.min(requests.length, answers.length) - 1]?.(seen, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const client = new FleetClient({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
  const asked = (count: number) =>
    new Promise<void>((resolve) => {
      waiting.push({ count, resolve });
      if (requests.length >= count) resolve();
    });
  return { client, requests, asked };
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Handler =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
const error = (status: number, code: string, headers: Record<string, string> = {}) =>
  json(status, { type: 'error', error: { type: 'some_error', code, message: 'a reason' } }, headers);
const fine = json(200, { id: 'job_1', ended_at: null });
const reset: Handler = (request) => request.socket.destroy();
const brokenOff: Handler = (request, response) => {
  response.writeHead(200, { 'content-length': '1000' });
  response.write('{"id":"jo', () => request.socket.destroy());
};
const silent: Handler = () => undefined;

test.each([
  ['503', error(503, 'store_unavailable')],
  ['500', error(500, 'internal')],
  ['a connection that is reset', reset],
  ['an answer that breaks off', brokenOff],
])('after %s a read is made again', async (_what, failure) => {
  const { client, requests } = await fleetThat(failure, fine);
  expect(await client.jobs.get('job_1')).toMatchObject({ id: 'job_1' });
  expect(requests).toHaveLength(2);
});

test('after 429 the next try waits for as long as it is told to', async () => {
  const { client, requests } = await fleetThat(error(429, 'quota_exceeded', { 'retry-after': '2' }), fine);
  await client.jobs.get('job_1');
  const [first, second] = requests.map(({ at }) => at) as [number, number];
  // Longer than the longest pause of its own after a first failure.
  expect(second - first).toBeGreaterThan(1_900);
});

test('a query is sent again with the same key and the same body', async () => {
  const { client, requests } = await fleetThat(brokenOff, error(503, 'store_unavailable'), fine);
  await client.jobs.create({ query: 'What is 6 * 7?' });
  expect(requests).toHaveLength(3);
  const [key] = requests.map(({ headers }) => headers['idempotency-key']);
  expect(key).toMatch(/^\S{10,}$/);
  for (const { headers, body } of requests) {
    expect(headers['idempotency-key']).toBe(key);
    expect(JSON.parse(body)).toEqual({ query: 'What is 6 * 7?' });
  }
  await client.jobs.create({ query: 'What is 6 * 7?' });
  expect(requests.at(-1)?.headers['idempotency-key']).not.toBe(key);
  await client.jobs.create({ query: 'x' }, { idempotencyKey: 'mine' });
  expect(requests.at(-1)?.headers['idempotency-key']).toBe('mine');
});

test.each([400, 401, 403, 404, 409, 413])('after %i nothing is sent again', async (status) => {
  const { client, requests } = await fleetThat(error(status, 'invalid_request'), fine);
  const refused = await client.jobs.create({ query: 'x' }).catch((thrown) => thrown);
  expect(refused).toBeInstanceOf(FleetApiError);
  expect(refused).toMatchObject({ status, code: 'invalid_request', message: 'a reason' });
  expect(requests).toHaveLength(1);
});

test('what would be done twice is not sent again', async () => {
  const { client, requests } = await fleetThat(reset, fine);
  await expect(client.sessions.create()).rejects.toMatchObject({ code: 'fleet_unreachable', status: 0 });
  expect(requests).toHaveLength(1);
});

test('after the last try the error is thrown', async () => {
  const { client, requests } = await fleetThat(error(503, 'store_unavailable', { 'retry-after': '0' }));
  await expect(client.jobs.get('job_1')).rejects.toMatchObject({ status: 503, code: 'store_unavailable' });
  expect(requests).toHaveLength(3);
});

test.each([
  ['while no answer comes', silent],
  ['while an answer is under way', ((_, response) => void response.writeHead(200).write('{')) as Handler],
  ['in the pause before another try', error(503, 'store_unavailable', { 'retry-after': '30' })],
])('an abort ends a request %s', async (_when, answer) => {
  const { client, requests, asked } = await fleetThat(answer);
  const abort = new AbortController();
  const requested = [
    client.jobs.get('job_1', { signal: abort.signal }),
    client.jobs.create({ query: 'x' }, { signal: abort.signal }),
    client.jobs.wait('job_1', abort.signal),
  ];
  await asked(requested.length);
  const began = performance.now();
  abort.abort(new Error('enough'));
  for (const each of requested) await expect(each).rejects.toThrow('enough');
  expect(performance.now() - began).toBeLessThan(1_000);
  expect(requests).toHaveLength(requested.length);
});
