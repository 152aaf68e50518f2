import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetClient } from '@mcp-fleet/client';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import { startCountingServer } from '../support/counting-server.ts';
import { type FleetProcess, startFleetProcess } from '../support/fleet-process.ts';
import { startCollector } from '../support/otlp-collector.ts';
import { runCli } from '../support/run-cli.ts';
import { describeWith, service } from '../support/services.ts';
import { saysDone, startTestSimulator } from '../support/simulator-control.ts';
import { createPostgresDatabase, openTopology } from '../support/topologies.ts';
import { until } from '../support/until.ts';
import { startWebhookReceiver } from '../support/webhook-receiver.ts';

/** What no log line may have, and neither a metric nor the queue. Each is found by the word at its end. */
const shapes = [
  'sk-ant-api03-Zq8-marrow01',
  'sk-proj-Zq8-marrow02',
  'ghp_Zq8Zq8Zq8marrow03',
  'github_pat_11Zq8_marrow04',
  'AKIAZQ8ZQ8ZQ8MARROW05',
  'aws_secret_access_key=Zq8/Zq8+marrow06',
  'xoxb-1234-Zq8-marrow07',
  'Authorization: Bearer Zq8.marrow08',
  'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJtYXJyb3cwOSJ9.marrow09',
  '-----BEGIN PRIVATE KEY-----\nMIIEZq8marrow10\n-----END PRIVATE KEY-----',
  'https://user:marrow11@example.com/path',
  'postgres://app:marrow12@db:5432/app',
  'mongodb+srv://app:marrow13@cluster.example.net',
  'redis://:marrow14@cache:6379',
  'whsec_Zq8Zq8marrow15==',
  'AIzaSyZq8Zq8marrow16',
  'glpat-Zq8Zq8-marrow17',
  'npm_Zq8Zq8marrow18',
  'SG.Zq8.marrow19',
  'hf_Zq8Zq8marrow20',
  '4111 1111 1111 1111 cvc marrow21',
];

const marks = /marrow\d\d/gi;

describeWith(['redis', 'postgres'], 'secrets', () => {
  test('of twenty shapes are in no log line, no metric, no span and nothing of the queue, wherever they came in', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'fleet-redaction-'));
    const database = await createPostgresDatabase();
    const topology = await openTopology(database.url, service('redis'), () => database.drop());
    const [simulator, tools, receiver] = await Promise.all([
      startTestSimulator(),
      startCountingServer(),
      startWebhookReceiver(),
    ]);
    const collector = await startCollector();
    const processes: FleetProcess[] = [];
    const redis = new Redis(service('redis'));
    onTestFinished(async () => {
      await Promise.all(processes.map((process) => process.kill('SIGKILL')));
      await Promise.all([simulator.stop(), tools.stop(), receiver.stop()]);
      redis.disconnect();
      await topology.stop();
      await rm(folder, { recursive: true, force: true });
    });
    const config = join(folder, 'fleet.json');
    const headers = { authorization: `Bearer ${shapes[7]}` };
    await writeFile(config, JSON.stringify({ mcpServers: { counting: { url: tools.url, headers } } }));
    const storeUrl = new URL(topology.env.STORE_URL as string);
    storeUrl.password = 'marrow12';
    const env = {
      ...topology.env,
      STORE_URL: storeUrl.href,
      SIMULATOR_URL: simulator.url,
      ANTHROPIC_API_KEY: shapes[0] as string,
      OPENAI_API_KEY: shapes[1] as string,
      FLEET_INTERNAL_TOKEN: `${shapes[16]} and more of it`,
      FLEET_MODEL: 'simulated',
      FLEET_CONFIG: config,
      API_KEYS: 'required',
      LOG_LEVEL: 'trace',
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      WEBHOOK_ALLOW: '127.0.0.0/8',
      WEBHOOK_EVERY_MS: '100',
    };
    const made = await runCli(['keys', 'create', '--scopes', 'all', '--json'], { env });
    const apiKey = (JSON.parse(made.stdout) as { key: string }).key;
    for (const role of ['api', 'worker', 'reconciler']) processes.push(await startFleetProcess([role], env));
    const [api] = processes as [FleetProcess];
    const client = new FleetClient({ url: api.url, apiKey });

    const all = shapes.join('\n');
    await client.webhooks.create({
      url: `${receiver.url}/${encodeURIComponent(shapes[20] as string)}?t=marrow15`,
    });
    const session = await client.sessions.create({ metadata: { secret: all.slice(0, 500) } });
    const asked = { query: all, session_id: session.id, metadata: { note: shapes.slice(0, 5).join(' ') } };
    const use = { type: 'tool_use', id: 'toolu_1', name: 'counting__repeat', input: { text: all, times: 2 } };
    await simulator.script([{ content: [use], stop_reason: 'tool_use' }, { content: all }]);
    expect((await client.jobs.wait((await client.jobs.create(asked)).id)).state).toBe('succeeded');
    // A provider's refusal, a tool's misfit and a fault that is tried again all carry what was sent.
    const wrong = { ...use, input: { text: 7, [all]: all } };
    await simulator.script([
      { error: { status: 529, type: 'overloaded_error', message: all } },
      { content: [wrong], stop_reason: 'tool_use' },
      { error: { status: 400, type: 'invalid_request_error', message: all } },
    ]);
    const failed = await client.jobs.wait(
      (await client.jobs.create({ query: all, overrides: { system: all } })).id,
    );
    expect(failed.state).toBe('failed');
    await simulator.script([saysDone()]);
    const batch = await client.batches.create({
      lines: [{ custom_id: shapes[3] as string, query: all }],
      on_invalid: 'skip',
    });
    await client.batches.wait(batch.id);
    for (const path of [
      `/v1/jobs/${encodeURIComponent(shapes[8] as string)}`,
      `/v1/jobs?after_id=${encodeURIComponent(all)}`,
    ]) {
      await fetch(`${api.url}${path}`, {
        headers: { 'x-api-key': apiKey, cookie: all.replaceAll('\n', ' ') },
      });
    }
    await fetch(`${api.url}/v1/jobs`, { headers: { authorization: `Bearer ${shapes[0]}` } });
    await fetch(`${api.url}/v1/jobs`, {
      method: 'POST',
      headers: { 'x-api-key': apiKey, 'content-type': 'application/json' },
      body: `{"query": ${all}`,
    });
    await receiver.count(1);

    for (const { log, url } of processes) {
      expect([...log().matchAll(marks)].map(([mark]) => mark)).toEqual([]);
      const metrics = await (await fetch(`${url}/metrics`)).text();
      expect(metrics).toContain('fleet_');
      expect(metrics).not.toMatch(marks);
    }
    expect(processes.map(({ log }) => log()).join('')).toContain('job ended');
    await until('spans were sent', async () => collector.spans.length > 5);
    expect(collector.bodies.join('')).not.toMatch(marks);
    const kept = await everythingOf(redis, topology.env.QUEUE_NAME as string);
    expect(kept.length).toBeGreaterThan(0);
    expect(kept.join('\n')).not.toMatch(marks);
  });
});

/** All keys of a queue with all of their values, as text. */
async function everythingOf(redis: Redis, queueName: string): Promise<string[]> {
  const keys = await redis.keys(`*${queueName}*`);
  return Promise.all(
    keys.map(async (key) => {
      const type = await redis.type(key);
      const value =
        type === 'hash'
          ? await redis.hgetall(key)
          : type === 'list'
            ? await redis.lrange(key, '0', '-1')
            : type === 'zset'
              ? await redis.zrange(key, '0', '-1')
              : type === 'set'
                ? await redis.smembers(key)
                : type === 'stream'
                  ? await redis.xrange(key, '-', '+')
                  : await redis.get(key);
      return `${key} ${JSON.stringify(value)}`;
    }),
  );
}
