import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterEach, expect, test } from 'vitest';
import { newSecret } from './sign.ts';
import { WebhookSender } from './webhook-sender.ts';

let stop: () => Promise<unknown> = async () => undefined;
afterEach(() => stop());

const secret = newSecret();

/** Sends one event to a receiver that answers as it is told. */
async function sendTo(answer: RequestListener, options: { timeoutMs?: number; signal?: AbortSignal } = {}) {
  const receiver: Server = createServer(answer);
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const sender = new WebhookSender({ allow: ['127.0.0.1'], timeoutMs: options.timeoutMs ?? 2_000 });
  stop = async () => {
    await sender.stop();
    receiver.closeAllConnections();
    await new Promise((resolve) => receiver.close(resolve));
  };
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/hook?to=me`;
  const message = { eventId: 'evt_1', body: '{"type":"job.succeeded"}', at: new Date() };
  return sender.send({ url, secrets: [secret] }, message, options.signal);
}

test('an event arrives as it was signed', async () => {
  let received: { url?: string | undefined; body: string; headers: Record<string, string> } | undefined;
  const result = await sendTo(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    received = { url: request.url, body, headers: request.headers as Record<string, string> };
    response.writeHead(204).end();
  });
  expect(result).toEqual({
    outcome: 'delivered',
    status: 204,
    error: null,
    retryAfterMs: null,
    durationMs: expect.any(Number),
  });
  expect(received?.url).toBe('/hook?to=me');
  expect(received?.headers['webhook-id']).toBe('evt_1');
  expect(received?.headers['content-type']).toBe('application/json');
  expect(new Webhook(secret).verify(received?.body ?? '', received?.headers ?? {})).toEqual({
    type: 'job.succeeded',
  });
});

test.each([
  [200, 'delivered'],
  [299, 'delivered'],
  [301, 'failed'],
  [400, 'failed'],
  [404, 'failed'],
  [410, 'gone'],
  [429, 'failed'],
  [500, 'failed'],
])('an answer of %i is %s', async (status, outcome) => {
  const result = await sendTo((_request, response) => response.writeHead(status).end());
  expect(result).toMatchObject({ outcome, status });
});

test.each([
  [429, '7', 7_000],
  [503, 'date', 90_000],
  [503, 'soon', null],
  [429, undefined, null],
  [500, '7', null],
])('of an answer of %i with retry-after %s, %s ms count', async (status, header, expected) => {
  // A date has no milliseconds.
  const date = () => new Date(Math.ceil(Date.now() / 1_000) * 1_000 + 90_000).toUTCString();
  const result = await sendTo((_request, response) => {
    if (header !== undefined) response.setHeader('retry-after', header === 'date' ? date() : header);
    response.writeHead(status).end();
  });
  expect(result.outcome).toBe('failed');
  if (header !== 'date') expect(result.retryAfterMs).toBe(expected);
  else expect(Math.abs((result.retryAfterMs ?? 0) - 90_000)).toBeLessThan(2_000);
});

test('a receiver that does not answer fails in time', async () => {
  const result = await sendTo(() => undefined, { timeoutMs: 200 });
  expect(result).toMatchObject({ outcome: 'failed', status: null, error: 'No answer came within 0.2 s.' });
  expect(result.durationMs).toBeLessThan(1_500);
});

test('an answer without an end is read no further than a little', async () => {
  let sent = 0;
  const result = await sendTo((_request, response) => {
    const more = () => {
      for (let goesOn = !response.destroyed; goesOn; sent += 65_536) {
        goesOn = response.write('x'.repeat(65_536));
      }
    };
    response
      .writeHead(200)
      .on('drain', more)
      .on('error', () => undefined);
    more();
  });
  expect(result.outcome).toBe('delivered');
  expect(sent).toBeLessThan(20_000_000);
});

test('an answer that drips for ever is cut off in time, and its status counts', async () => {
  const timers: NodeJS.Timeout[] = [];
  const result = await sendTo(
    (_request, response) => {
      response.writeHead(200);
      timers.push(setInterval(() => response.write('x'), 50));
    },
    { timeoutMs: 300 },
  );
  for (const timer of timers) clearInterval(timer);
  expect(result).toMatchObject({ outcome: 'delivered', status: 200 });
  expect(result.durationMs).toBeLessThan(1_500);
});

test('a receiver that hangs up fails', async () => {
  const result = await sendTo((request) => request.socket.destroy());
  expect(result).toMatchObject({ outcome: 'failed', status: null });
});

test.each([
  ['ftp://hook.example/', 'expected https'],
  ['http://hook.example/', 'not encrypted'],
  ['https://user:word@hook.example/', 'a password'],
  ['no url', 'cannot be read'],
])('%s is refused', async (url, reason) => {
  const sender = new WebhookSender();
  const result = await sender.send(
    { url, secrets: [secret] },
    { eventId: 'evt_1', body: '{}', at: new Date() },
  );
  await sender.stop();
  expect(result).toMatchObject({ outcome: 'refused', error: expect.stringContaining(reason) });
});
