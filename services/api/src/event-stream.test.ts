import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import { EventStream } from './event-stream.ts';

const text = 'x'.repeat(100_000);
const event = { event: 'text_delta', data: { text }, at: null };

test('a client that does not read is cut off, and what is kept for it stays small', async () => {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const asked = once(server, 'request') as Promise<[unknown, ServerResponse]>;
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.pause();
  client.on('error', () => undefined);
  client.write('GET / HTTP/1.1\r\nhost: fleet\r\n\r\n');
  const [, response] = await asked;
  const stream = new EventStream(response, {});
  let sent = 0;
  for (; !response.writableEnded && sent < 1_000; sent += 1) {
    stream.events([event]);
    await new Promise((resolve) => setImmediate(resolve));
  }
  // What the kernel takes for a client that does not read differs, and is some megabytes.
  expect(sent).toBeLessThan(200);
  for (let more = 0; more < 100; more += 1) stream.events([event]);
  expect(response.writableLength).toBeLessThan(1_500_000);
  await once(response, 'close');
  await stream.closed();
  client.destroy();
  server.close();
});
