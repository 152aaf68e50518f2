import { randomBytes } from 'node:crypto';
import { FleetClient } from '@mcp-fleet/client';
import { openPostgresStore, withEncryption } from '@mcp-fleet/store';
import pg from 'pg';
import { expect, test } from 'vitest';
import { newJob, tenant } from '../contract/store/fixtures.ts';
import { dumpStore } from '../support/dump-store.ts';
import { useFleet } from '../support/fleet-under-test.ts';
import { runCli } from '../support/run-cli.ts';
import { describeWith } from '../support/services.ts';
import { asksToAdd, saysDone } from '../support/simulator-control.ts';
import { createPostgresDatabase, someTopologies, topologies } from '../support/topologies.ts';
import { until } from '../support/until.ts';

const newKey = (name: string) => `${name}:${randomBytes(32).toString('base64')}`;

/** Words that nothing but contents has; each came into the store another way. */
const canaries = {
  query: 'canary-query',
  system: 'canary-system',
  reply: 'canary-reply',
  argument: 'canary-argument',
  result: 'canary-result',
  blob: 'canary-blob',
  answer: 'canary-answer',
  error: 'canary-error',
  denial: 'canary-denial',
  line: 'canary-line',
  agent: 'canary-agent',
  context: 'canary-context',
  joined: 'canary-joined',
};

const toolUse = (id: string, name: string, input: object, text = 'I call it.') => ({
  content: [
    { type: 'text', text },
    { type: 'tool_use', id, name, input },
  ],
  stop_reason: 'tool_use',
});

for (const { name, needs, open } of topologies) {
  describeWith(needs, `encrypted contents, ${name}`, () => {
    const fleet = useFleet(open);

    /** Brings each canary into the store by a fleet of processes, and returns its client. */
    async function useAll(env: Record<string, string>): Promise<{ client: FleetClient; secret: string }> {
      const { simulator, tools } = fleet();
      await fleet().addServer('counting', { url: tools.url, tools: { add: { approval: 'always' } } });
      const [api] = await Promise.all(
        (['api', 'worker', 'reconciler'] as const).map((role) => fleet().start(role, env)),
      );
      const client = new FleetClient({ url: api?.url ?? '' });
      const session = await client.sessions.create();
      await client.agents.save('kept', { system: canaries.agent });
      const webhook = await client.webhooks.create({ url: 'https://example.com/hook' });

      const repeat = (id: string, text: string, times: number) =>
        toolUse(id, 'counting__repeat', { text, times }, canaries.reply);
      await simulator.script([
        repeat('toolu_11', canaries.argument, 1),
        repeat('toolu_12', canaries.result, 2),
        repeat('toolu_13', `${canaries.blob} `, 20_000),
        { content: canaries.answer },
      ]);
      const asked = await client.jobs.create({
        query: canaries.query,
        session_id: session.id,
        overrides: { system: canaries.system },
      });
      expect(await client.jobs.wait(asked.id)).toMatchObject({ state: 'succeeded', answer: canaries.answer });

      await simulator.script([
        { error: { status: 400, type: 'invalid_request_error', message: canaries.error } },
      ]);
      const refused = await client.jobs.wait((await client.jobs.create({ query: 'x' })).id);
      expect(refused).toMatchObject({
        state: 'failed',
        error: { message: expect.stringContaining(canaries.error) },
      });

      await simulator.script([asksToAdd(1), saysDone()]);
      const asks = await client.jobs.create({ query: 'y', session_id: session.id });
      await until(
        'the approval',
        async () => (await client.approvals.list({ pending: true })).data.length === 1,
      );
      const steers = { query: canaries.joined, session_id: session.id, on_busy: 'steer' as const };
      const joined = await client.jobs.create(steers);
      const [approval] = (await client.approvals.list({ pending: true })).data;
      await client.approvals.decide(asks.id, approval?.tool_use_id ?? '', {
        decision: 'deny',
        reason: canaries.denial,
      });
      expect(await client.jobs.wait(asks.id)).toMatchObject({ state: 'succeeded', error: null });
      expect(await client.jobs.wait(joined.id)).toMatchObject({ state: 'succeeded', answer: 'done' });

      await simulator.script([saysDone()]);
      const batch = await client.batches.create({ lines: [{ custom_id: 'a', query: canaries.line }] });
      await client.batches.wait(batch.id);
      await simulator.script([saysDone()]);
      const messages = await fetch(`${client.url}/v1/messages`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'simulated',
          max_tokens: 100,
          messages: [
            { role: 'user', content: canaries.context },
            { role: 'assistant', content: 'Yes?' },
            { role: 'user', content: 'z' },
          ],
        }),
      });
      expect(messages.status).toBe(200);
      await expectAllRead(client, session.id, batch.id, asked.id);
      return { client, secret: webhook.secret };
    }

    /** What was written comes back as it was, through the api. */
    async function expectAllRead(
      client: FleetClient,
      session: string,
      batch: string,
      job: string,
    ): Promise<void> {
      const { replies, argument, result, denial, joined } = { replies: canaries.reply, ...canaries };
      const shown = JSON.stringify([await client.sessions.messages(session), await client.approvals.list()]);
      for (const canary of [canaries.query, replies, argument, result, denial, joined])
        expect(shown).toContain(canary);
      const whole = await (await client.jobs.toolResult(job, 'toolu_13')).text();
      expect(whole).toBe(`${canaries.blob} `.repeat(20_000));
      const results = [];
      for await (const line of client.batches.results(batch)) results.push(line);
      expect(results).toMatchObject([{ custom_id: 'a', state: 'succeeded', answer: 'done' }]);
      expect((await client.agents.get('kept')).settings.system).toBe(canaries.agent);
    }

    test('nothing of what was said or done can be read in the database', async () => {
      const keys = newKey('first');
      const { secret } = await useAll({ FLEET_ENCRYPTION_KEYS: keys });
      const dump = await dumpStore(fleet().env.STORE_URL as string);
      for (const [what, canary] of Object.entries({ ...canaries, secret })) {
        expect(dump.includes(canary), `${what} can be read`).toBe(false);
      }
      expect(dump).toContain('enc1.dk_');
      expect(dump).not.toContain(keys.slice('first:'.length));
    }, 120_000);

    test('without keys each of them can, so that the test above would see it', async () => {
      const { secret } = await useAll({});
      const dump = await dumpStore(fleet().env.STORE_URL as string);
      for (const [what, canary] of Object.entries({ ...canaries, secret })) {
        expect(dump.includes(canary), `${what} is not there`).toBe(true);
      }
    }, 120_000);
  });
}

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `keys of encrypted contents, ${name}`, () => {
    const fleet = useFleet(open);

    test('keys are replaced: contents stay readable by the new one alone, and a fleet without it does not start', async () => {
      const [first, second] = [newKey('first'), newKey('second')];
      const at = async (keys: string) => {
        const api = await fleet().start('api', { FLEET_ENCRYPTION_KEYS: keys });
        return { api, client: new FleetClient({ url: api.url }) };
      };
      const cli = (args: string[], keys: string) =>
        runCli(['encryption', ...args, '--json'], { env: { ...fleet().env, FLEET_ENCRYPTION_KEYS: keys } });
      const old = await at(first);
      const session = await old.client.sessions.create();
      const job = await old.client.jobs.create({ query: canaries.query, session_id: session.id });
      await old.api.kill('SIGTERM');

      expect(JSON.parse((await cli(['rewrap'], `${second},${first}`)).stdout)).toEqual({ rewrapped: 1 });
      expect(JSON.parse((await cli(['status'], second)).stdout)).toEqual({ wrapped_by: { second: 1 } });
      const { api, client } = await at(second);
      expect((await client.jobs.get(job.id)).query).toEqual([{ type: 'text', text: canaries.query }]);
      expect((await cli(['renew', '--tenant', 'local'], second)).code).toBe(0);
      await api.kill('SIGTERM');
      await expect(at(first)).rejects.toThrow(/wrapped by second, which FLEET_ENCRYPTION_KEYS does not have/);
      await expect(at(newKey('second'))).rejects.toThrow(/does not open the data key/);
      await expect(fleet().start('api')).rejects.toThrow(/FLEET_ENCRYPTION_KEYS is not set/);
    }, 60_000);

    test('what a tenant had is gone once its keys are erased, and the rest works on', async () => {
      const keys = newKey('only');
      const env = { FLEET_ENCRYPTION_KEYS: keys };
      const cli = (...args: string[]) => runCli(['encryption', ...args], { env: { ...fleet().env, ...env } });
      const { simulator } = fleet();
      const api = await fleet().start('api', env);
      await fleet().start('worker', env);
      const client = new FleetClient({ url: api.url });
      await simulator.script([{ content: canaries.answer }]);
      const job = await client.jobs.create({ query: canaries.query });
      await client.jobs.wait(job.id);
      const refused = await cli('erase', '--tenant', 'local');
      expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--yes') });
      expect(await cli('erase', '--tenant', 'local', '--yes')).toMatchObject({ code: 0 });
      await api.kill('SIGTERM');

      const again = new FleetClient({ url: (await fleet().start('api', env)).url });
      const [listed] = (await again.jobs.list()).data;
      expect(listed).toMatchObject({
        id: job.id,
        state: 'succeeded',
        answer: expect.stringContaining('erased'),
      });
      expect(JSON.stringify(listed)).not.toContain('canary');
      const entries = (await again.audit()).data;
      expect(entries).toMatchObject([{ action: 'data_keys.erase', actor: 'operator', target: 'local' }]);
      const fresh = await again.jobs.create({ query: canaries.query });
      expect((await again.jobs.get(fresh.id)).query).toEqual([{ type: 'text', text: canaries.query }]);
    }, 60_000);
  });
}

describeWith(['postgres'], 'encrypted contents that somebody changes in the database', () => {
  test.each([
    ['changed', `query = replace(query, '"}]', 'AAAA"}]')`],
    ['brought from another job', `query = (SELECT query FROM fleet.jobs WHERE id = $2)`],
    ['given to another tenant', `tenant = 'tenant_b'`],
  ])('are refused when they were %s', async (_what, change) => {
    const database = await createPostgresDatabase();
    const store = withEncryption(openPostgresStore(database.url), newKey('only'));
    const client = new pg.Client({ connectionString: database.url });
    try {
      await store.migrate();
      const [job, other] = [newJob(), newJob()];
      for (const each of [job, other]) await store.accept(each);
      await client.connect();
      const values = change.includes('$2') ? [job.id, other.id] : [job.id];
      await client.query(`UPDATE fleet.jobs SET ${change} WHERE id = $1`, values);
      const readers = [tenant, 'tenant_b'].map((each) => store.job(each, job.id));
      const outcomes = await Promise.allSettled(readers);
      const refusals = outcomes.filter(({ status }) => status === 'rejected');
      expect(refusals).toMatchObject([{ reason: { code: 'contents_unreadable' } }]);
      expect(await store.job(tenant, other.id)).toMatchObject({ query: other.query });
    } finally {
      await client.end();
      await store.close();
      await database.drop();
    }
  });

  test.each(['', 'a', 'a:short', 'a:AAAA,b', 'a b:AAAA'])(
    'keys %j are refused without being repeated',
    (keys) => {
      const open = () => withEncryption(openPostgresStore('postgres://127.0.0.1:1/x'), keys);
      expect(open).toThrow(/FLEET_ENCRYPTION_KEYS has/);
      if (keys.includes('AAAA')) expect(open).not.toThrow(/AAAA/);
    },
  );
});
