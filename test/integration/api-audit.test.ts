import { type AuditEntry, FleetClient } from '@mcp-fleet/client';
import { scopes } from '@mcp-fleet/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type FleetProcess, startFleetProcess } from '../support/fleet-process.ts';
import { runCli } from '../support/run-cli.ts';
import { describeWith } from '../support/services.ts';
import { someTopologies, type TestTopology } from '../support/topologies.ts';

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `the audit log, ${name}`, () => {
    let topology: TestTopology;
    let env: Record<string, string>;
    let apis: FleetProcess[];
    let operator: FleetClient;
    let operatorId: string;

    const as = (apiKey: string, api = 0) =>
      new FleetClient({ url: apis[api]?.url ?? '', apiKey, maxRetries: 0 });
    const told = ({ actor, action, target, details }: AuditEntry) => ({ actor, action, target, details });

    beforeAll(async () => {
      topology = await open();
      env = {
        ...topology.env,
        FLEET_MODEL: 'simulated',
        SIMULATOR_URL: 'http://127.0.0.1:9',
        API_KEYS: 'required',
      };
      const first = await runCli(['keys', 'create', '--scopes', 'all', '--json'], { env });
      const { key, id } = JSON.parse(first.stdout);
      operatorId = id;
      apis = await Promise.all([startFleetProcess(['api'], env), startFleetProcess(['api'], env)]);
      operator = as(key);
      env.FLEET_API_KEY = key;
      env.FLEET_URL = apis[0]?.url ?? '';
    });

    afterAll(async () => {
      await Promise.all(apis.map((api) => api.kill('SIGKILL')));
      await topology.stop();
    });

    async function newTenant(tenant: string) {
      return as((await operator.keys.create({ tenant, scopes: [...scopes] })).key);
    }

    test('it has who did what with keys, limits, agents and webhooks, without contents', async () => {
      const acme = await newTenant('acme');
      const made = await acme.keys.create({ name: 'ci', scopes: ['jobs:read'] });
      await acme.keys.revoke(made.id);
      await acme.agents.save('poet', { system: 'SECRET-PROMPT' });
      await acme.webhooks.create({ url: 'https://example.com/SECRET-PATH', events: ['job.succeeded'] });
      await acme.tenants.setLimits('acme', {
        requests_per_minute: 1_000,
        queued_jobs: null,
        running_jobs: null,
      });
      const log = (await acme.audit()).data;
      const [me] = (await acme.keys.list()).data.filter((key) => key.name === '');
      const details = {
        request_id: expect.stringMatching(/^req_/),
        body_sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      };
      expect(log.map(told).reverse()).toEqual(
        [
          { action: 'key.create', target: '', details: { ...details, name: 'ci', scopes: '["jobs:read"]' } },
          { action: 'key.revoke', target: made.id, details },
          { action: 'agent.save', target: 'poet', details },
          { action: 'webhook.create', target: '', details: { ...details, events: '["job.succeeded"]' } },
          {
            action: 'limits.set',
            target: 'acme',
            details: { ...details, requests_per_minute: '1000', queued_jobs: 'null', running_jobs: 'null' },
          },
        ].map((entry) => ({ ...entry, actor: me?.id })),
      );
      expect(JSON.stringify(log)).not.toContain('SECRET');
    });

    test('a refused request stands there twice, the second time with the reason', async () => {
      const globex = await newTenant('globex');
      await expect(globex.keys.revoke('key_none')).rejects.toMatchObject({ status: 404 });
      const log = (await globex.audit()).data;
      expect(log.map(({ action, target }) => [action, target])).toEqual([
        ['key.revoke', 'key_none'],
        ['key.revoke', 'key_none'],
      ]);
      expect(log[0]?.details).toEqual({ outcome: 'refused', of: '1', reason: 'not_found' });
    });

    test('requests that nobody may make, and that make no sense, are not in it', async () => {
      const initech = await newTenant('initech');
      const reader = as((await initech.keys.create({ scopes: ['jobs:read'] })).key);
      await expect(reader.keys.revoke('key_none')).rejects.toMatchObject({ status: 403 });
      await expect(initech.keys.create({ scopes: ['no'] as never })).rejects.toMatchObject({ status: 400 });
      expect((await initech.audit()).data).toHaveLength(1);
      await expect(reader.audit()).rejects.toMatchObject({ status: 403 });
    });

    test('two apis that write at once keep one chain, whose pages fit together', async () => {
      const hooli = await operator.keys.create({ tenant: 'hooli', scopes: [...scopes] });
      const both = [as(hooli.key, 0), as(hooli.key, 1)];
      await Promise.all(Array.from({ length: 10 }, (_, n) => both[n % 2]?.agents.save(`agent-${n}`, {})));
      const [client] = both as [FleetClient];
      const first = await client.audit({ limit: 6 });
      const rest = await client.audit({ limit: 6, before: first.data.at(-1)?.n ?? 0 });
      expect([first.has_more, rest.has_more]).toEqual([true, false]);
      const all = [...first.data, ...rest.data];
      expect(all.map(({ n }) => n)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
      all.forEach(({ previous }, index) => {
        expect(previous).toBe(all[index + 1]?.hash ?? '');
      });
      const verified = await runCli(['audit', 'verify', '--json'], {
        env: { ...env, FLEET_API_KEY: hooli.key },
      });
      expect(JSON.parse(verified.stdout)).toEqual({ entries: 10, last_hash: all[0]?.hash });
    });

    test('the command lists, exports and verifies it', async () => {
      const listed = await runCli(['audit', 'list'], { env });
      expect(listed.stdout).toContain('key.create');
      expect(listed.stdout).toContain(operatorId);
      const exported = await runCli(['audit', 'export'], { env });
      const lines = exported.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as AuditEntry);
      expect(lines[0]).toMatchObject({ n: 1, actor: 'local', action: 'key.create' });
      expect((await runCli(['audit', 'verify'], { env })).stdout).toContain(
        `chain of ${lines.length} entries is whole`,
      );
    });
  });
}
