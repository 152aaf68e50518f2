import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { answerLost, HttpTransport } from './http-transport.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A transport to a server whose stream for each POST is written by `write`; its messages, as they come. */
async function connect(write: (response: ServerResponse) => void) {
  const server = createServer((request, response) => {
    if (request.method !== 'POST') return response.writeHead(405).end();
    request.resume().once('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'mcp-session-id': 'session-1' });
      write(response);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const transport = new HttpTransport(
    new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
    {},
  );
  const messages: unknown[] = [];
  const came = Promise.withResolvers<void>();
  transport.onmessage = (message) => {
    messages.push(message);
    if ('id' in message) came.resolve();
  };
  await transport.start();
  closers.push(async () => {
    await transport.close();
    server.close();
    server.closeAllConnections();
  });
  return { transport, messages, came: came.promise };
}

const event = (message: object) => `event: message\ndata: ${JSON.stringify(message)}\n\n`;
const answer = { jsonrpc: '2.0' as const, id: 7, result: { content: [{ type: 'text', text: 'sechs ✓' }] } };
const progress = {
  jsonrpc: '2.0' as const,
  method: 'notifications/progress',
  params: { progress: 1, progressToken: 7 },
};
const call = { jsonrpc: '2.0' as const, id: 7, method: 'tools/call', params: {} };

/** Writes pieces one after the other, each by itself on the wire. */
async function inPieces(response: ServerResponse, pieces: readonly (string | Buffer)[]): Promise<void> {
  for (const piece of pieces) {
    response.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  response.end();
}

const whole = Buffer.from(event(answer));
const inTheTick = whole.indexOf('✓') + 1;

test.each<[string, (string | Buffer)[], object[]]>([
  ['as the only event', [event(answer)], [answer]],
  ['behind a comment', [`: hello\n\n${event(answer)}`], [answer]],
  ['behind progress, in one piece', [event(progress) + event(answer)], [progress, answer]],
  ['behind progress, in two', [event(progress), event(answer)], [progress, answer]],
  ['cut within a character', [whole.subarray(0, inTheTick), whole.subarray(inTheTick)], [answer]],
  ['before more that nobody reads', [event(answer), event(progress)], [answer]],
])('an answer that comes %s is received', async (_how, pieces, expected) => {
  const { transport, messages, came } = await connect((response) => void inPieces(response, pieces));
  await transport.send(call);
  await came;
  expect(messages).toEqual(expected);
  expect(transport.sessionId).toBe('session-1');
});

test.each<[string, string[]]>([
  ['at once', []],
  ['after progress', [event(progress)]],
  ['after the answer to another request', [event({ ...answer, id: 8 })]],
])('a stream that ends without the answer %s is answered as lost', async (_when, pieces) => {
  const { transport, messages } = await connect((response) => void inPieces(response, pieces));
  const lost = Promise.withResolvers<unknown>();
  transport.onmessage = (message) => {
    messages.push(message);
    if ('error' in message) lost.resolve(message);
  };
  await transport.send(call);
  expect(await lost.promise).toMatchObject({ id: 7, error: { data: answerLost } });
});

test('a stream that breaks before its first byte is answered as lost', async () => {
  const { transport, came, messages } = await connect((response) => {
    response.flushHeaders();
    setTimeout(() => response.destroy(), 5);
  });
  await transport.send(call);
  await came;
  expect(messages).toMatchObject([{ id: 7, error: { data: answerLost } }]);
});
