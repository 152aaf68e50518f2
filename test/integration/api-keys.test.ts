import Anthropic from '@anthropic-ai/sdk';
import { FleetClient } from '@mcp-fleet/client';
import { scopes } from '@mcp-fleet/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newKeyText } from '../../services/api/src/auth/key-text.ts';
import { type FleetProcess, startFleetProcess } from '../support/fleet-process.ts';
import { runCli } from '../support/run-cli.ts';
import { describeWith } from '../support/services.ts';
import { startTestSimulator, type TestSimulator } from '../support/simulator-control.ts';
import { type TestTopology, topologies } from '../support/topologies.ts';

const tenantScopes = scopes.filter((scope) => scope !== 'operator');

for (const { name, needs, open } of topologies) {
  describeWith(needs, `keys and tenants, ${name}`, () => {
    let topology: TestTopology;
    let simulator: TestSimulator;
    let processes: FleetProcess[];
    let url: string;
    let env: Record<string, string>;
    let operator: FleetClient;
    let operatorKey: string;

    const as = (apiKey: string) => new FleetClient({ url, apiKey, maxRetries: 0 });
    const makeKey = (tenant: string, given: (typeof scopes)[number][] = [...tenantScopes]) =>
      operator.keys.create({ tenant, scopes: given });

    beforeAll(async () => {
      [topology, simulator] = await Promise.all([open(), startTestSimulator()]);
      env = { ...topology.env, SIMULATOR_URL: simulator.url, FLEET_MODEL: 'simulated', API_KEYS: 'required' };
      const bootstrap = await runCli(['keys', 'create', '--scopes', 'all', '--name', 'first', '--json'], {
        env,
      });
      operatorKey = JSON.parse(bootstrap.stdout).key;
      processes = await Promise.all([startFleetProcess(['api'], env), startFleetProcess(['worker'], env)]);
      url = processes[0]?.url ?? '';
      operator = as(operatorKey);
    });

    afterAll(async () => {
      await Promise.all(processes.map((process) => process.kill('SIGKILL')));
      await simulator.stop();
      await topology.stop();
    });

    test('the first key is made once', async () => {
      const again = await runCli(['keys', 'create', '--scopes', 'all', '--unless-any'], { env });
      expect(again.stdout).toMatch(/^There is a key already: key_\w+ of the tenant local\n$/);
    });

    test.each([
      ['no key', {}, 'asks for a key'],
      ['a text that is no key', { 'x-api-key': 'sesame' }, 'not valid'],
      ['a key that nobody made', { 'x-api-key': newKeyText(`key_${'0'.repeat(26)}`).text }, 'not valid'],
      ['another kind of authorization', { authorization: 'Basic YTpi' }, 'expected Bearer'],
    ])('a caller with %s is refused', async (_what, headers, message) => {
      const response = await fetch(`${url}/v1/jobs`, { headers: headers as Record<string, string> });
      expect(response.status).toBe(401);
      expect(await response.json()).toMatchObject({
        error: { type: 'authentication_error', message: expect.stringContaining(message) },
      });
    });

    test('a known id with another secret is refused, and no key is kept in the clear', async () => {
      const { id, key } = await makeKey('acme');
      const other = key.slice(0, -4) + (key.endsWith('AAAA') ? 'BBBB' : 'AAAA');
      await expect(as(other).jobs.list()).rejects.toMatchObject({ status: 401 });
      const stored = JSON.stringify(await topology.store.apiKey(id));
      expect(stored).not.toContain(key.slice(-43));
    });

    test('both headers carry a key', async () => {
      for (const headers of [{ 'x-api-key': operatorKey }, { authorization: `Bearer ${operatorKey}` }]) {
        const response = await fetch(`${url}/v1/jobs`, { headers: headers as Record<string, string> });
        expect(response.status).toBe(200);
      }
    });

    test('a key does what its scopes allow, and no more', async () => {
      const { key } = await makeKey('acme', ['jobs:read']);
      expect((await as(key).jobs.list()).data).toEqual([]);
      await expect(as(key).jobs.create({ query: 'hello' })).rejects.toMatchObject({
        status: 403,
        type: 'permission_error',
        message: expect.stringContaining('jobs:write'),
      });
      await expect(as(key).keys.list()).rejects.toMatchObject({ status: 403 });
    });

    test('a key cannot make one that may do more, or one of another tenant', async () => {
      const { key } = await makeKey('acme', ['admin', 'jobs:read']);
      expect((await as(key).keys.create({ scopes: ['jobs:read'] })).tenant).toBe('acme');
      await expect(as(key).keys.create({ scopes: ['jobs:write'] })).rejects.toMatchObject({ status: 403 });
      await expect(as(key).keys.create({ scopes: ['jobs:read'], tenant: 'umbrella' })).rejects.toMatchObject({
        status: 403,
      });
    });

    test('a revoked, an expired and a rotated key', async () => {
      const revoked = await makeKey('acme');
      await as(revoked.key).jobs.list();
      await operator.keys.revoke(revoked.id);
      await expect(as(revoked.key).jobs.list()).rejects.toMatchObject({ status: 401 });

      const expired = await operator.keys.create({
        tenant: 'acme',
        scopes: ['jobs:read'],
        expires_at: new Date(Date.now() - 1_000).toISOString(),
      });
      await expect(as(expired.key).jobs.list()).rejects.toMatchObject({ status: 401 });

      const old = await makeKey('acme');
      const next = await operator.keys.rotate(old.id, 3_600);
      expect(next).toMatchObject({ tenant: 'acme', scopes: old.scopes });
      for (const key of [old.key, next.key]) await as(key).jobs.list();
      await operator.keys.rotate(next.id, 0);
      await expect(as(next.key).jobs.list()).rejects.toMatchObject({ status: 401 });
    });

    test('requests over the limit of a minute are 429 with the time to wait, other tenants are not', async () => {
      const [busy, calm] = [await makeKey('busy'), await makeKey('calm')];
      await operator.tenants.setLimits('busy', {
        requests_per_minute: 3,
        queued_jobs: null,
        running_jobs: null,
      });
      for (let n = 0; n < 3; n += 1) await as(busy.key).jobs.list();
      const refused = await fetch(`${url}/v1/jobs`, { headers: { 'x-api-key': busy.key } });
      expect(refused.status).toBe(429);
      expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
      expect(await refused.json()).toMatchObject({
        error: { type: 'rate_limit_error', code: 'quota_exceeded' },
      });
      await as(calm.key).jobs.list();
    });

    test('jobs over the limits are 429, and accepted again when some have ended', async () => {
      const fleet = as((await makeKey('bounded')).key);
      await operator.tenants.setLimits('bounded', {
        requests_per_minute: null,
        queued_jobs: 2,
        running_jobs: null,
      });
      const later = { not_before: new Date(Date.now() + 3_600_000).toISOString() };
      const jobs = [
        await fleet.jobs.create({ query: 'a', ...later }),
        await fleet.jobs.create({ query: 'b', ...later }),
      ];
      await expect(fleet.jobs.create({ query: 'c' })).rejects.toMatchObject({
        status: 429,
        message: expect.stringContaining('2 queued jobs'),
        retryAfterMs: 5_000,
      });
      await fleet.jobs.cancel(jobs[0]?.id as string);
      await fleet.jobs.create({ query: 'c', ...later });
    });

    test('an api that others reach does not start without a key', async () => {
      const empty = await open();
      const start = startFleetProcess(['api'], { ...empty.env, API_HOST: '0.0.0.0' });
      await expect(start).rejects.toThrow('fleet keys create');
      await empty.stop();
    });

    test('every route that names something answers another tenant with 404', async () => {
      const ownerKey = (await makeKey('owner')).key;
      const owner = as(ownerKey);
      const session = await owner.sessions.create();
      await simulator.script([{ content: [{ type: 'text', text: 'mine' }], stop_reason: 'end_turn' }]);
      const job = await owner.jobs.create({ query: 'secret', session_id: session.id });
      await owner.jobs.wait(job.id);
      const key = (await owner.keys.list()).data[0]?.id as string;
      const webhook = await owner.webhooks.create({ url: 'https://example.com/hook' });
      await owner.agents.save('owners-agent', {});
      const batch = (await (
        await fetch(`${url}/v1/batches`, {
          method: 'POST',
          headers: { 'x-api-key': ownerKey, 'content-type': 'application/json' },
          body: '{}',
        })
      ).json()) as { id: string };
      const messageBatch = await new Anthropic({ baseURL: url, apiKey: ownerKey }).messages.batches.create({
        requests: [{ custom_id: 'a', params: { model: 'simulated', max_tokens: 1, messages: [] } }],
      });
      const stranger = (await makeKey('stranger')).key;

      const document = (await (await fetch(`${url}/openapi.json`)).json()) as {
        paths: Record<string, Record<string, unknown>>;
      };
      const walked: string[] = [];
      for (const [path, methods] of Object.entries(document.paths)) {
        if (!path.includes('{')) continue;
        const ids = {
          sessions: session.id,
          keys: key,
          webhooks: webhook.id,
          messages: messageBatch.id,
          batches: batch.id,
        };
        const [, id = job.id] = Object.entries(ids).find(([kind]) => path.includes(kind)) ?? [];
        const filled = path
          .replace('{id}', id)
          .replace('{tool_use_id}', 'toolu_1')
          .replace('{name}', 'owners-agent')
          .replace('{tenant}', 'owner');
        for (const method of Object.keys(methods)) {
          // A name is a tenant's own: saving an agent under it makes another one.
          if (method === 'put' && path.includes('agents')) continue;
          const body = ['post', 'put', 'patch'].includes(method) ? bodyFor(path) : undefined;
          const lines = path.endsWith('/lines');
          const response = await fetch(`${url}${filled}${lines ? '?offset=0' : ''}`, {
            method: method.toUpperCase(),
            headers: {
              'x-api-key': stranger,
              ...(body === undefined
                ? {}
                : { 'content-type': lines ? 'application/jsonl' : 'application/json' }),
            },
            ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          });
          walked.push(`${method} ${path}`);
          // What concerns all tenants is the operator's alone.
          expect([`${method} ${filled}`, response.status]).toEqual([
            `${method} ${filled}`,
            path.includes('tenants') ? 403 : 404,
          ]);
        }
      }
      expect(walked.length).toBeGreaterThan(12);
      await as(stranger).agents.save('owners-agent', { max_tokens: 1 });
      expect((await owner.agents.get('owners-agent')).version).toBe(1);
      const strangers = as(stranger);
      expect((await strangers.jobs.list()).data).toEqual([]);
      expect((await strangers.sessions.list()).data).toEqual([]);
      expect((await strangers.jobs.list({ session_id: session.id })).data).toEqual([]);
      expect(await strangers.jobs.cancelMany({ session_id: session.id })).toEqual({ canceled: 0 });
      await expect(strangers.jobs.create({ query: 'x', session_id: session.id })).rejects.toMatchObject({
        status: 404,
      });
      expect(await owner.jobs.get(job.id)).toMatchObject({ state: 'succeeded', answer: 'mine' });
    });

    const bodyFor = (path: string) =>
      path.includes('approvals')
        ? { decision: 'approve' }
        : path.includes('limits')
          ? { requests_per_minute: 1, queued_jobs: 1, running_jobs: 1 }
          : path.includes('budget')
            ? { max_tokens: 1 }
            : {};
  });
}
