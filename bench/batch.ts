import { cpus } from 'node:os';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { FleetClient } from '@mcp-fleet/client';
import { Redis } from 'ioredis';
import { Pool } from 'undici';
import { runCli } from '../test/support/run-cli.ts';
import { createPostgresDatabase, openTopology } from '../test/support/topologies.ts';
import { memoryMb } from './support/memory.ts';
import { runLimited } from './support/run-limited.ts';
import { type StartedProcess, startProcess } from './support/start-process.ts';

export interface BatchLoad {
  /** Lines of the large batch, and of the small one that it is compared with. */
  lines: number;
  few: number;
  /** Single jobs that its acceptance is compared with. */
  singles: number;
  /** Seconds for which running is measured. */
  seconds: number;
}

interface BatchView {
  id: string;
  state: string;
  counts: Record<string, number>;
}

interface Bench {
  api: StartedProcess;
  redis: Redis;
  simulator: StartedProcess;
  env: Record<string, string>;
  /** A new key of a tenant. */
  key(tenant: string): Promise<string>;
}

/** Batches against single jobs, large ones against small ones, and one tenant's against another's. */
export async function benchBatch(load: BatchLoad): Promise<void> {
  const queueUrl = process.env.TEST_REDIS_URL;
  if (!queueUrl || !process.env.TEST_POSTGRES_URL)
    throw new Error('Set TEST_POSTGRES_URL and TEST_REDIS_URL.');
  console.log(`Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`);
  const { url, drop } = await createPostgresDatabase();
  const topology = await openTopology(url, queueUrl, drop);
  const simulator = await startProcess(['services/cli/src/main.ts', 'simulate', '--port', '0']);
  const env = {
    ...topology.env,
    FLEET_MODEL: 'simulated',
    LOG_LEVEL: 'info',
    SIMULATOR_URL: simulator.url,
    API_KEYS: 'required',
  };
  const first = await runCli(['keys', 'create', '--scopes', 'all', '--name', 'bench', '--json'], { env });
  const api = await startProcess(['services/cli/src/main.ts', 'api'], env);
  const redis = new Redis(queueUrl);
  const operator = new FleetClient({ url: api.url, apiKey: JSON.parse(first.stdout).key });
  const key = async (tenant: string) =>
    (await operator.keys.create({ tenant, scopes: ['jobs:read', 'jobs:write'] })).key;
  const bench: Bench = { api, redis, simulator, env, key };
  try {
    const large = await accepting(bench, load);
    const processes = await start(bench, '64');
    await running(bench, load, large);
    await Promise.all(processes.map((each) => each.stop()));
    await results(bench, load, large);
    await fairness(bench, load);
  } finally {
    redis.disconnect();
    await Promise.all([api.stop(), simulator.stop()]);
    await topology.stop();
  }
}

const start = ({ env }: Bench, concurrency: string) =>
  Promise.all([
    startProcess(['services/cli/src/main.ts', 'worker'], {
      ...env,
      WORKER_CONCURRENCY: concurrency,
      WORKER_PORT: '0',
    }),
    startProcess(['services/cli/src/main.ts', 'reconciler'], { ...env, RECONCILER_PORT: '0' }),
  ]);

async function call<T = BatchView>(
  { api }: Bench,
  key: string,
  path: string,
  init: { method?: string; body?: string | Readable; type?: string } = {},
): Promise<T> {
  const response = await fetch(`${api.url}${path}`, {
    method: init.method ?? 'GET',
    headers: { 'x-api-key': key, 'content-type': init.type ?? 'application/json' },
    ...(init.body === undefined ? {} : { body: init.body as never, duplex: 'half' }),
  } as RequestInit);
  if (!response.ok) throw new Error(`${path}: ${await response.text()}`);
  return (await response.json()) as T;
}

/** In pieces as a file is read in. */
const linesOfPiece = 500;

function* lines(count: number): Generator<string> {
  for (let first = 0; first < count; first += linesOfPiece) {
    const numbers = Array.from({ length: Math.min(linesOfPiece, count - first) }, (_, at) => first + at);
    yield numbers
      .map((n) => `{"custom_id":"q${n}","query":"What is ${n} * 7?","metadata":{"order":"${n}"}}\n`)
      .join('');
  }
}

const upload = (bench: Bench, key: string, count: number, query = '') =>
  call(bench, key, `/v1/batches${query}`, {
    method: 'POST',
    body: Readable.from(lines(count)),
    type: 'application/jsonl',
  });

interface Large {
  key: string;
  batch: BatchView;
}

async function accepting(bench: Bench, load: BatchLoad): Promise<Large> {
  const { api } = bench;
  const single = await bench.key('single');
  const rates: { one: number[]; many: number[] } = { one: [], many: [] };
  for (let round = 0; round < 3; round += 1) {
    rates.one.push(await acceptSingly(api.url, single, load.singles / 5, 1));
    rates.many.push(await acceptSingly(api.url, single, load.singles, 32));
  }
  const singles = new FleetClient({ url: api.url, apiKey: single });
  while ((await singles.jobs.cancelMany({ state: 'queued' })).canceled > 0);
  await bench.redis.flushdb();
  const key = await bench.key('large');
  const few = await upload(bench, key, load.few);
  await call(bench, key, `/v1/batches/${few.id}/pause`, { method: 'POST', body: '{}' });
  const before = memoryMb(api.pid);
  let most = before;
  const sampling = setInterval(() => {
    most = Math.max(most, memoryMb(api.pid));
  }, 200);
  const started = performance.now();
  const batch = await upload(bench, key, load.lines);
  const rate = load.lines / ((performance.now() - started) / 1000);
  clearInterval(sampling);
  console.log(`single jobs accepted one by one: ${rates.one.map(Math.round).join(', ')} a second`);
  console.log(`single jobs accepted at concurrency 32: ${rates.many.map(Math.round).join(', ')} a second`);
  console.log(`lines accepted: ${Math.round(rate)} a second of ${load.lines}`);
  console.log(
    `ratio: ${(rate / median(rates.one)).toFixed(1)} to one by one (target 10), ${(rate / median(rates.many)).toFixed(1)} to concurrency 32`,
  );
  console.log(`memory of the api: ${before} MB before, ${most} MB at most (target: 50 MB more at most)`);
  return { key, batch };
}

async function acceptSingly(
  url: string,
  key: string,
  requests: number,
  concurrency: number,
): Promise<number> {
  const pool = new Pool(url, { connections: concurrency });
  const started = performance.now();
  await runLimited(requests, concurrency, async (n) => {
    const response = await pool.request({
      method: 'POST',
      path: '/v1/jobs',
      headers: { 'content-type': 'application/json', 'x-api-key': key },
      body: JSON.stringify({ query: `What is ${n} * 7?`, metadata: { order: `${n}` } }),
    });
    await response.body.dump();
    if (response.statusCode !== 202) throw new Error(`/v1/jobs answered ${response.statusCode}`);
  });
  const seconds = (performance.now() - started) / 1000;
  await pool.close();
  return requests / seconds;
}

const endedOf = ({ counts }: BatchView) => (counts.succeeded ?? 0) + (counts.errored ?? 0);

/** Jobs a second with few and with many lines waiting, in turns; the batch is paused meanwhile. */
async function running(bench: Bench, load: BatchLoad, { key, batch }: Large): Promise<void> {
  const own = await bench.key('small');
  const pause = (action: 'pause' | 'resume') =>
    call(bench, key, `/v1/batches/${batch.id}/${action}`, { method: 'POST', body: '{}' });
  const rates: { few: number[]; many: number[] } = { few: [], many: [] };
  let redisMb = 0;
  for (let round = 0; round <= 3; round += 1) {
    await pause('pause');
    const few = await upload(bench, own, load.few);
    const fewRate = await rateOf(bench, own, few.id, load.seconds);
    await end(bench, own, few.id);
    await pause('resume');
    const manyRate = await rateOf(bench, key, batch.id, load.seconds);
    redisMb = Math.max(redisMb, await redisMemoryMb(bench.redis));
    if (round > 0) {
      rates.few.push(fewRate);
      rates.many.push(manyRate);
    }
  }
  const ratios = rates.many.map((rate, n) => rate / (rates.few[n] as number));
  console.log(`jobs a second with ${load.few} waiting: ${rates.few.map(Math.round).join(', ')}`);
  console.log(`jobs a second with ${load.lines} waiting: ${rates.many.map(Math.round).join(', ')}`);
  console.log(
    `ratio, median of 3: ${median(ratios).toFixed(2)} (target 0.9); Redis held ${redisMb} MB at most (target 64)`,
  );
  const times = { few: [] as number[], many: [] as number[] };
  const small = await upload(bench, own, 10);
  for (let n = 0; n < 50; n += 1) {
    times.few.push(await timeOf(() => call(bench, own, `/v1/batches/${small.id}`)));
    times.many.push(await timeOf(() => call(bench, key, `/v1/batches/${batch.id}`)));
  }
  console.log(
    `GET of a batch: ${median(times.few).toFixed(1)} ms of 10 lines, ${median(times.many).toFixed(1)} ms of ${load.lines}`,
  );
}

/** Leaves nothing of a batch that would run beside what is measured next. */
async function end(bench: Bench, key: string, id: string): Promise<void> {
  await call(bench, key, `/v1/batches/${id}/cancel`, { method: 'POST', body: '{}' });
  while ((await call(bench, key, `/v1/batches/${id}`)).state !== 'ended') await sleep(50);
}

/** Lines that end in a second, once the first have. */
async function rateOf(bench: Bench, key: string, id: string, seconds: number): Promise<number> {
  const read = () => call(bench, key, `/v1/batches/${id}`);
  const before = endedOf(await read());
  while (endedOf(await read()) === before) await sleep(50);
  const first = endedOf(await read());
  const started = performance.now();
  let view = await read();
  while (performance.now() - started < seconds * 1000 && view.state !== 'ended') {
    await sleep(50);
    view = await read();
  }
  return (endedOf(view) - first) / ((performance.now() - started) / 1000);
}

async function results(bench: Bench, load: BatchLoad, { key, batch }: Large): Promise<void> {
  const before = memoryMb(bench.api.pid);
  let most = before;
  const started = performance.now();
  const response = await fetch(`${bench.api.url}/v1/batches/${batch.id}/results?all=true`, {
    headers: { 'x-api-key': key },
  });
  let count = 0;
  let chunks = 0;
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    for (const byte of chunk) if (byte === 10) count += 1;
    chunks += 1;
    if (chunks % 100 === 0) most = Math.max(most, memoryMb(bench.api.pid));
  }
  const rate = count / ((performance.now() - started) / 1000);
  console.log(
    `results: ${count} of ${load.lines} lines, ${Math.round(rate)} a second; memory of the api ${before} MB before, ${most} MB at most`,
  );
}

/** Model calls take this long, so that it is places and not processors that are short. */
const latencyMs = 200;
const places = 10;

async function fairness(bench: Bench, load: BatchLoad): Promise<void> {
  await fetch(`${bench.simulator.url}/__sim/config`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ latencyMs }),
  });
  await bench.redis.flushdb();
  const processes = await start(bench, String(places));
  const [first, second, third] = await Promise.all(
    ['first', 'second', 'third'].map((each) => bench.key(each)),
  );
  const empty = await startTimes(bench, third as string);
  const backlog = await upload(bench, first as string, Math.min(load.lines, 200_000));
  await rateOf(bench, first as string, backlog.id, 1);
  const busy = await startTimes(bench, third as string);
  console.log(
    `a query starts after ${p95(empty)} ms (p95) on an empty fleet, ${p95(busy)} ms beside another tenant's batch: ${(p95(busy) / p95(empty)).toFixed(2)} (target 1.5)`,
  );
  const other = await upload(bench, second as string, Math.min(load.lines, 20_000));
  await rateOf(bench, second as string, other.id, 1);
  const [a, b] = await Promise.all([
    rateOf(bench, first as string, backlog.id, load.seconds * 2),
    rateOf(bench, second as string, other.id, load.seconds * 2),
  ]);
  console.log(
    `two tenants of one weight: ${((100 * a) / (a + b)).toFixed(1)} % and ${((100 * b) / (a + b)).toFixed(1)} % of the steps (target 50 ± 5)`,
  );
  await Promise.all(processes.map((each) => each.stop()));
}

/** Milliseconds from acceptance to start of queries, one after the other. */
async function startTimes({ api }: Bench, key: string): Promise<number[]> {
  const client = new FleetClient({ url: api.url, apiKey: key });
  const times: number[] = [];
  for (let n = 0; n < 40; n += 1) {
    const job = await client.jobs.wait((await client.jobs.create({ query: `hello ${n}` })).id);
    times.push(Date.parse(job.started_at as string) - Date.parse(job.created_at));
  }
  return times;
}

async function redisMemoryMb(redis: Redis): Promise<number> {
  const used = /used_memory:(\d+)/.exec(await redis.info('memory'))?.[1];
  return Math.round(Number(used) / 1024 / 1024);
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

const sorted = (values: number[]) => values.toSorted((a, b) => a - b);
const median = (values: number[]) => sorted(values)[Math.floor(values.length / 2)] ?? Number.NaN;
const p95 = (values: number[]) => sorted(values)[Math.ceil(values.length * 0.95) - 1] ?? Number.NaN;
