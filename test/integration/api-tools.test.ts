import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetClient } from '@mcp-fleet/client';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CountingServer, startCountingServer } from '../support/counting-server.ts';
import { type FleetProcess, startFleetProcess } from '../support/fleet-process.ts';

let folder: string;
let counting: CountingServer;
let fleet: FleetProcess;
let client: FleetClient;

/** The same server under several policies. */
const policies: Record<string, object> = {
  free: { add: { safety: 'unsafe' } },
  always: { add: { safety: 'read_only', approval: 'always' } },
  destructive: { add: { approval: 'destructive' }, repeat: { safety: 'read_only', approval: 'destructive' } },
  hidden: { add: { enabled: false } },
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'fleet-tools-'));
  counting = await startCountingServer();
  const config = join(folder, 'fleet.json');
  const servers = Object.entries(policies).map(([name, tools]) => [name, { url: counting.url, tools }]);
  await writeFile(config, JSON.stringify({ mcpServers: Object.fromEntries(servers) }));
  fleet = await startFleetProcess(['up', '--port', '0', '--data', join(folder, 'data'), '--config', config], {
    FLEET_MODEL: 'simulated',
  });
  client = new FleetClient({ url: fleet.url });
});

afterAll(async () => {
  await fleet.kill('SIGTERM');
  await counting.stop();
  await rm(folder, { recursive: true, force: true });
});

test('a tool that needs no approval is tried', async () => {
  expect(await client.tools.call('free__add', { n: 1 })).toMatchObject({
    is_error: false,
    content: [{ text: '2' }],
  });
  expect(await client.tools.call('destructive__repeat', { text: 'a', times: 2 })).toMatchObject({
    content: [{ text: 'aa' }],
  });
});

test.each(['always__add', 'destructive__add'])('%s, which has to be approved, is refused', async (name) => {
  await expect(client.tools.call(name, { n: 2 })).rejects.toMatchObject({
    status: 403,
    type: 'permission_error',
    code: 'permission_denied',
    message: expect.stringMatching(`${name} has to be approved.*Submit a job.*/v1/approvals`),
  });
  expect(counting.counts()).not.toHaveProperty('add:2');
});

test('a tool that is switched off is not there', async () => {
  expect(await client.tools.call('hidden__add', { n: 3 })).toMatchObject({
    is_error: true,
    content: [{ text: expect.stringContaining('There is no tool named "hidden__add"') }],
  });
  expect(counting.counts()).not.toHaveProperty('add:3');
});

test('arguments that do not fit are refused before anything is sent', async () => {
  expect(await client.tools.call('free__add', { n: 'four' })).toMatchObject({ is_error: true });
  expect(Object.keys(counting.counts())).toEqual(['add:1']);
});

test('the list says which tools need an approval', async () => {
  const listed = (await client.tools.list()).map(({ name, approval }) => [name, approval]);
  expect(Object.fromEntries(listed)).toMatchObject({
    free__add: false,
    always__add: true,
    destructive__add: true,
    destructive__repeat: false,
  });
  expect(listed.map(([name]) => name)).not.toContain('hidden__add');
});
