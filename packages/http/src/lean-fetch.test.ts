import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { leanFetch } from './lean-fetch.ts';

const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
  vi.unstubAllEnvs();
});

async function serve(listener: RequestListener) {
  const server = createServer(listener);
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return { server, sockets, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

/** What the server saw, as JSON, with status 201. */
const mirror: RequestListener = async (request, response) => {
  let body = '';
  for await (const chunk of request) body += chunk;
  const { method, url, headers } = request;
  response.writeHead(201, { 'content-type': 'application/json', 'x-two': ['a', 'b'], 'request-id': 'req_1' });
  response.end(JSON.stringify({ method, url, headers, body }));
};

test('a request arrives whole, its answer is read, and connections are used again', async () => {
  const { url, sockets } = await serve(mirror);
  for (let n = 0; n < 10; n += 1) {
    const response = await leanFetch(`${url}/v1/messages?beta=1`, {
      method: 'POST',
      headers: new Headers({ 'Content-Type': 'application/json', 'X-Api-Key': 'k' }),
      body: '{"ü":1}',
    });
    expect(response).toMatchObject({ status: 201, ok: true, url: `${url}/v1/messages?beta=1` });
    expect(response.headers.get('Request-Id')).toBe('req_1');
    expect(response.headers.get('x-two')).toBe('a, b');
    expect(await response.json()).toMatchObject({
      method: 'POST',
      url: '/v1/messages?beta=1',
      body: '{"ü":1}',
      headers: { 'x-api-key': 'k', 'content-type': 'application/json', accept: '*/*', 'content-length': '8' },
    });
    expect(response.bodyUsed).toBe(true);
  }
  expect(sockets.size).toBeLessThanOrEqual(2);
});

test('a body is read as it comes, or cancelled', async () => {
  const { url } = await serve((request, response) => {
    response.write('one');
    request.resume().once('end', () => setImmediate(() => response.end('two')));
  });
  const read = [];
  const streamed = await leanFetch(url);
  for await (const chunk of streamed.body as AsyncIterable<Uint8Array>) read.push(String(chunk));
  expect(read.join('')).toBe('onetwo');
  await (await leanFetch(url)).body?.cancel();
});

test('a redirect is followed unless that is not wanted', async () => {
  const { url } = await serve((request, response) => {
    if (request.url === '/there') return mirror(request, response);
    response.writeHead(307, { location: '/there' }).end();
  });
  const post = { method: 'POST', body: 'hello' };
  expect(await (await leanFetch(url, post)).json()).toMatchObject({ url: '/there', body: 'hello' });
  const manual = await leanFetch(url, { ...post, redirect: 'manual' });
  expect([manual.status, manual.headers.get('location')]).toEqual([307, '/there']);
});

test('a body that is no text is sent too', async () => {
  const { url } = await serve(mirror);
  const response = await leanFetch(url, { method: 'POST', body: new Uint8Array([104, 105]) });
  expect(await response.json()).toMatchObject({ body: 'hi' });
});

test('an abort ends the request with its reason, before it, during it, and while the body comes', async () => {
  const { url, server } = await serve((request, response) => {
    if (request.url === '/body') response.write('begun');
  });
  await expect(leanFetch(url, { signal: AbortSignal.abort('before') })).rejects.toBe('before');
  const during = new AbortController();
  server.once('request', () => during.abort('during'));
  await expect(leanFetch(url, { signal: during.signal })).rejects.toBe('during');
  const later = new AbortController();
  const response = await leanFetch(`${url}/body`, { signal: later.signal });
  const read = response.text();
  later.abort(new Error('later'));
  await expect(read).rejects.toThrow('later');
});

test("the network's error is the cause of the failure", async () => {
  const { url, server } = await serve((request, response) => {
    if (request.url === '/body') response.write('begun', () => response.destroy());
    else response.destroy();
  });
  const error = (promise: Promise<unknown>) => promise.catch((thrown: unknown) => thrown);
  const broken = await error(leanFetch(url));
  expect(broken).toBeInstanceOf(TypeError);
  expect(broken).toMatchObject({ message: 'fetch failed', cause: { code: 'UND_ERR_SOCKET' } });
  const cut = await leanFetch(`${url}/body`);
  await expect(cut.text()).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
  server.close();
  server.closeAllConnections();
  await once(server, 'close');
  expect(await error(leanFetch(url))).toMatchObject({ cause: { code: 'ECONNREFUSED' } });
});

test('a proxy of the environment is used when Node is asked to', async () => {
  const { url } = await serve(mirror);
  const proxy = await serve(() => undefined);
  const tunnels: string[] = [];
  proxy.server.on('connect', (request, socket) => {
    tunnels.push(request.url ?? '');
    const { hostname, port } = new URL(`http://${request.url}`);
    const target = connect(Number(port), hostname, () => {
      socket.write('HTTP/1.1 200 Connected\r\n\r\n');
      target.pipe(socket).pipe(target);
    });
    target.on('error', () => socket.destroy());
    socket.on('error', () => target.destroy());
    closers.push(() => target.destroy());
  });
  vi.stubEnv('NODE_USE_ENV_PROXY', '1');
  vi.stubEnv('http_proxy', proxy.url);
  vi.stubEnv('no_proxy', '');
  vi.resetModules();
  const { leanFetch: anew } = await import('./lean-fetch.ts');
  expect((await anew(url)).status).toBe(201);
  expect(tunnels).toEqual([new URL(url).host]);
});
