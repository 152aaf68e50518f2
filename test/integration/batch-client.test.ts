import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Batch, type BatchLine, type BatchResult, FleetClient } from '@mcp-fleet/client';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { type FleetProcess, startFleetProcess } from '../support/fleet-process.ts';
import { saysDone, startTestSimulator, type TestSimulator } from '../support/simulator-control.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { until } from '../support/until.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

/** Bytes of a line, so that each piece of an upload has about 2,600 of them, and the fleet stores it in three. */
const padding = 'x'.repeat(350);

function* manyLines(count: number): Generator<BatchLine> {
  for (let n = 0; n < count; n += 1)
    yield { custom_id: `mark-${n}-`, query: `line ${n}`, metadata: { padding } };
}

describe('batches by the client', () => {
  let folder: string;
  let simulator: TestSimulator;
  let up: FleetProcess;
  let proxy: TcpProxy;
  /** Past the proxy, which the client under test goes through. */
  let direct: FleetClient;
  let fleet: FleetClient;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'fleet-test-'));
    simulator = await startTestSimulator();
    const env = { SIMULATOR_URL: simulator.url, FLEET_MODEL: 'simulated', DISPATCH_EVERY_MS: '50' };
    up = await startFleetProcess(['up', '--port', '0', '--data', join(folder, 'data')], env);
    const { hostname, port } = new URL(up.url);
    proxy = await startTcpProxy(hostname, Number(port));
    direct = new FleetClient({ url: up.url });
    fleet = new FleetClient({ url: `http://127.0.0.1:${proxy.port}` });
  });

  afterEach(async () => {
    proxy.reset();
    for await (const { id } of direct.batches.list()) {
      await direct.batches.cancel(id);
      if ((await direct.batches.get(id)).state !== 'uploading') await direct.batches.wait(id);
      await direct.batches.delete(id);
    }
  });

  afterAll(async () => {
    await proxy?.stop();
    await up?.kill('SIGKILL');
    await simulator?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  async function rowsOf(rows: AsyncIterable<BatchResult>): Promise<BatchResult[]> {
    const read = [];
    for await (const row of rows) read.push(row);
    return read;
  }

  const uploading = (bytes: number) =>
    until('the stored part of the upload', async () => {
      const [batch] = (await direct.batches.list()).data;
      return batch !== undefined && batch.bytes > bytes ? batch : null;
    });

  test('the estimate of many pieces is that of all lines, and a bad line has its number in the whole', async () => {
    const of = (count: number) => direct.batches.estimate({ lines: manyLines(count) });
    const [one, all] = [await of(1), await of(6_000)];
    expect(all.lines).toBe(6_000);
    expect(all.cost_usd?.max).toBeCloseTo((one.cost_usd?.max ?? 0) * 6_000, -1);
    const bad = [...manyLines(6_000)].map((line, n) => (n === 5_500 ? { ...line, query: '' } : line));
    const told = await direct.batches.estimate({ lines: bad });
    expect(told).toMatchObject({ lines: 5_999, invalid: 1, invalid_lines: [{ line: 5_501 }] });
  });

  test('lines are created, waited for with their progress, and read as typed rows', async () => {
    const lines: BatchLine[] = [1, 2, 3].map((n) => ({ query: `What is ${n}?`, custom_id: `q${n}` }));
    const created = await fleet.batches.create({ lines, metadata: { name: 'three' } });
    expect(created).toMatchObject({ lines: 3, metadata: { name: 'three' }, invalid_lines: [] });
    const seen: Batch[] = [];
    const ended = await fleet.batches.wait(created.id, { onProgress: (batch) => void seen.push(batch) });
    expect(ended).toMatchObject({ state: 'ended', counts: { succeeded: 3 } });
    expect(seen.at(-1)).toEqual(ended);
    const rows = await rowsOf(fleet.batches.results(created.id));
    expect(rows.map(({ line, custom_id, state }) => [line, custom_id, state])).toEqual([
      [1, 'q1', 'succeeded'],
      [2, 'q2', 'succeeded'],
      [3, 'q3', 'succeeded'],
    ]);
    expect(await rowsOf(fleet.batches.results(created.id, { afterLine: 2 }))).toEqual(rows.slice(2));
    const csv = await (await fleet.batches.download(created.id, { format: 'csv' })).text();
    expect(csv.split('\n')[1]).toMatch(/^1,q1,succeeded,/);
  });

  test('an upload that is cut off in the middle of a piece goes on where it stood', async () => {
    const held = proxy.holdAt('requests', '"mark-4500-"');
    const creating = fleet.batches.create({ lines: manyLines(6_000) });
    await held;
    const { bytes } = await uploading(1_100_000);
    proxy.reset();
    const created = await creating;
    expect(created).toMatchObject({ lines: 6_000, counts: { invalid: 0 } });
    expect(created.bytes).toBeGreaterThan(bytes);
    const rows = await rowsOf(direct.batches.results(created.id, { all: true }));
    expect(rows.map((row) => row.custom_id)).toEqual([...manyLines(6_000)].map((line) => line.custom_id));
  });

  test('a piece whose answer was lost is not uploaded twice', async () => {
    proxy.holdAnswersFrom('"mark-10-"');
    const creating = fleet.batches.create({ lines: manyLines(100) });
    await uploading(0);
    proxy.reset();
    expect(await creating).toMatchObject({ lines: 100, counts: { invalid: 0 } });
  });

  test('an upload of one process goes on in another', async () => {
    const { id } = await fleet.batches.create();
    const [one, two] = ['{"query":"one"}\n', '{"query":"two"}\n'];
    const { bytes } = await fleet.batches.upload(id, one);
    await fleet.batches.upload(id, two, { offset: bytes });
    await expect(fleet.batches.upload(id, two)).rejects.toMatchObject({ code: 'upload_elsewhere' });
    await fleet.batches.finalize(id);
    expect((await fleet.batches.wait(id)).counts.succeeded).toBe(2);
  });

  test('lines that are refused leave no batch behind', async () => {
    await expect(fleet.batches.create({ lines: '{"query":"one"}\nno json\n' })).rejects.toThrow(
      'line 2: not JSON',
    );
    expect((await fleet.batches.list()).data).toEqual([]);
    const skipped = await fleet.batches.create({ lines: '{"query":"one"}\nno json\n', on_invalid: 'skip' });
    expect(skipped.invalid_lines).toMatchObject([{ line: 2 }]);
  });

  test('results that break off are asked for behind the last row', async () => {
    const { id } = await direct.batches.create({ lines: manyLines(3_000) });
    await direct.batches.cancel(id);
    await direct.batches.wait(id);
    const held = proxy.holdAt('answers', '"mark-1900-"');
    const reading = rowsOf(fleet.batches.results(id));
    await held;
    proxy.reset();
    const rows = await reading;
    expect(rows.map((row) => row.line)).toEqual(Array.from({ length: 3_000 }, (_, n) => n + 1));
  });

  test('a wait outlasts a fleet that is away, and pausing, canceling and deleting do what they say', async () => {
    await simulator.script([{ hold: true, ...(saysDone() as object) }]);
    const { id } = await fleet.batches.create({ lines: [{ query: 'held' }] });
    await until('the held call', async () => (await simulator.held()) === 1);
    expect((await fleet.batches.pause(id)).state).toBe('paused');
    expect((await fleet.batches.resume(id)).state).toBe('in_progress');
    proxy.goDown();
    const waiting = fleet.batches.wait(id);
    await direct.batches.cancel(id);
    await direct.batches.wait(id);
    proxy.reset();
    expect(await waiting).toMatchObject({ state: 'ended', counts: { canceled: 1 } });
    expect(await fleet.batches.delete(id)).toMatchObject({ type: 'batch_deleted' });
    const listed = [];
    for await (const batch of fleet.batches.list({ limit: 1 })) listed.push(batch);
    expect(listed).toEqual([]);
  });

  test('failed lines are run again', async () => {
    await simulator.script([{ error: { status: 400, type: 'invalid_request_error' } }]);
    const { id } = await fleet.batches.create({ lines: [{ query: 'fails first' }] });
    expect((await fleet.batches.wait(id)).counts).toMatchObject({ errored: 1 });
    expect((await rowsOf(fleet.batches.results(id)))[0]?.error?.type).toBe('model_rejected');
    expect((await fleet.batches.retryFailed(id)).counts).toMatchObject({ errored: 0 });
    expect((await fleet.batches.wait(id)).counts).toMatchObject({ succeeded: 1 });
  });
});
