import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isIPv6 } from 'node:net';
import { request } from 'undici';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AddressPolicy } from './address-policy.ts';
import { guardedAgent, type Lookup, RefusedAddress } from './guarded-agent.ts';
import { newSecret } from './sign.ts';
import { WebhookSender } from './webhook-sender.ts';

const privateAddresses = [
  ['loopback', '127.0.0.1'],
  ['loopback', '127.255.255.254'],
  ['loopback', '::1'],
  ['unspecified', '0.0.0.0'],
  ['unspecified', '::'],
  ['private', '10.0.0.1'],
  ['private', '172.16.0.1'],
  ['private', '172.31.255.255'],
  ['private', '192.168.1.1'],
  ['unique local', 'fc00::1'],
  ['unique local', 'fdff::1'],
  ['link-local', '169.254.1.1'],
  ['link-local', 'fe80::1'],
  ['site-local', 'fec0::1'],
  ['carrier-grade NAT', '100.64.0.1'],
  ['multicast', '224.0.0.1'],
  ['multicast', 'ff02::1'],
  ['broadcast', '255.255.255.255'],
  ['reserved', '240.0.0.1'],
  ['reserved', '192.0.0.192'],
  ['benchmarking', '198.18.0.1'],
  ['documentation', '203.0.113.7'],
  ['documentation', '2001:db8::1'],
  ['IPv4-mapped', '::ffff:10.0.0.1'],
  ['IPv4-mapped', '::ffff:7f00:1'],
  ['IPv4-mapped, of a public address', '::ffff:8.8.8.8'],
  ['IPv4-translated', '::ffff:0:10.0.0.1'],
  ['IPv4-compatible', '::127.0.0.1'],
  ['IPv4-compatible', '::a00:1'],
  ['NAT64', '64:ff9b::10.0.0.1'],
  ['local NAT64', '64:ff9b:1::7f00:1'],
  ['6to4', '2002:7f00:1::'],
  ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  ['discard only', '100::1'],
  ['metadata of AWS, GCP, Azure', '169.254.169.254'],
  ['metadata of AWS', 'fd00:ec2::254'],
  ['metadata of AWS containers', '169.254.170.2'],
  ['metadata of Alibaba', '100.100.100.200'],
  ['host services of Azure', '168.63.129.16'],
] as const;

const spellings = [
  ['decimal', '2130706433'],
  ['octal', '0177.0.0.1'],
  ['hexadecimal', '0x7f000001'],
  ['mixed', '0x7f.0.0.01'],
  ['short', '127.1'],
  ['zero', '0'],
  ['full width', '１２７.０.０.１'],
] as const;

let receiver: Server;
let connections: string[];
let port: number;
let answer: { status: number; headers?: Record<string, string> };

beforeEach(async () => {
  connections = [];
  answer = { status: 200 };
  receiver = createServer((_request, response) => {
    response.writeHead(answer.status, { connection: 'close', ...answer.headers }).end('fine');
  });
  receiver.on('connection', (socket) => connections.push(socket.localAddress ?? ''));
  await new Promise<void>((resolve) => receiver.listen(0, '0.0.0.0', resolve));
  port = (receiver.address() as AddressInfo).port;
});
afterEach(() => new Promise((resolve) => receiver.close(resolve)));

/** A name service that gives each of these answers once, and then the last one for ever. */
function answering(...answers: string[][]): Lookup & { asked: number } {
  const lookup: Lookup & { asked: number } = Object.assign(
    (...[, , callback]: Parameters<Lookup>) => {
      const addresses = answers[Math.min(lookup.asked, answers.length - 1)] as string[];
      lookup.asked += 1;
      callback(
        null,
        addresses.map((address) => ({ address, family: isIPv6(address) ? 6 : 4 })),
      );
    },
    { asked: 0 },
  );
  return lookup;
}

const message = () => ({ eventId: 'evt_1', body: '{}', at: new Date() });

async function send(url: string, options: ConstructorParameters<typeof WebhookSender>[0] = {}) {
  const sender = new WebhookSender({ timeoutMs: 2_000, ...options });
  const result = await sender.send({ url, secrets: [newSecret()] }, message());
  await sender.stop();
  return result;
}

describe('an address that is not public is refused', () => {
  test.each(privateAddresses)('%s: %s, written in the URL', async (_kind, address) => {
    const host = isIPv6(address) ? `[${address}]` : address;
    expect(await send(`https://${host}:${port}/`)).toMatchObject({ outcome: 'refused', status: null });
    expect(connections).toEqual([]);
  });

  test.each(privateAddresses)('%s: %s, behind a name', async (_kind, address) => {
    const lookup = answering([address]);
    const result = await send(`https://hook.example:${port}/`, { lookup });
    expect(result).toMatchObject({ outcome: 'refused', error: expect.stringContaining('not public') });
    expect(lookup.asked).toBe(1);
    expect(connections).toEqual([]);
  });

  test.each(privateAddresses)('%s: %s, at the connection itself', async (_kind, address) => {
    const agent = guardedAgent(new AddressPolicy());
    const host = isIPv6(address) ? `[${address}]` : address;
    await expect(request(`http://${host}:${port}/`, { dispatcher: agent })).rejects.toThrow(RefusedAddress);
    await agent.destroy();
    expect(connections).toEqual([]);
  });

  test.each(spellings)('127.0.0.1 or 0.0.0.0 in a %s spelling: %s', async (_kind, host) => {
    expect(await send(`https://${host}:${port}/`)).toMatchObject({
      outcome: 'refused',
      error: expect.stringContaining('not public'),
    });
    expect(connections).toEqual([]);
  });

  test('one private address among public ones is enough', async () => {
    const lookup = answering(['8.8.8.8', '10.0.0.1']);
    expect((await send('https://hook.example/', { lookup })).outcome).toBe('refused');
  });

  test.each(['8.8.8.8', '2606:4700::1111', '172.32.0.1', '100.128.0.1'])('%s is public', (address) => {
    expect(new AddressPolicy().refusal(address)).toBeNull();
  });
});

describe('a name that leads elsewhere a moment later', () => {
  test('is looked at for every connection, at the address that is connected to', async () => {
    // 127.0.0.1 stands for a public address here: by the policy it may be reached, 127.0.0.2 may not.
    const lookup = answering(['127.0.0.1'], ['127.0.0.2']);
    const agent = guardedAgent(new AddressPolicy(['127.0.0.1']), lookup);
    const url = `http://rebinds.example:${port}/`;
    const first = await request(url, { dispatcher: agent });
    await first.body.dump();
    expect(first.statusCode).toBe(200);
    expect(lookup.asked).toBe(1);
    await expect(request(url, { dispatcher: agent })).rejects.toThrow(RefusedAddress);
    await agent.destroy();
    expect(lookup.asked).toBe(2);
    expect(connections).toEqual(['127.0.0.1']);
  });

  test('a redirect to a private address is not followed', async () => {
    answer = { status: 302, headers: { location: `http://127.0.0.2:${port}/` } };
    const result = await send(`http://127.0.0.1:${port}/`, { allow: ['127.0.0.1'] });
    expect(result).toMatchObject({
      outcome: 'failed',
      status: 302,
      error: expect.stringContaining('redirect'),
    });
    expect(connections).toEqual(['127.0.0.1']);
  });
});

describe('what an operator allows', () => {
  test.each([
    ['a range', '127.0.0.0/8', '127.0.0.1'],
    ['an address', '127.0.0.1', '127.0.0.1'],
    ['a name', 'localhost', 'localhost'],
  ])('%s is reached, also without encryption', async (_kind, entry, host) => {
    const lookup = answering(['127.0.0.1']);
    expect(await send(`http://${host}:${port}/`, { allow: [entry], lookup })).toMatchObject({
      outcome: 'delivered',
      status: 200,
      error: null,
    });
  });

  test('is all that is reached', async () => {
    const result = await send(`http://127.0.0.2:${port}/`, {
      allow: ['127.0.0.1', 'localhost', '10.0.0.0/8'],
    });
    expect(result.outcome).toBe('refused');
    expect(connections).toEqual([]);
  });

  test('an entry that is none is an error of the configuration', () => {
    expect(() => new AddressPolicy(['10.0.0.0/99'])).toThrow(/WEBHOOK_ALLOW/);
  });
});
