import { type Approval, jobFormat } from '@mcp-fleet/core';
import { MongoClient } from 'mongodb';
import pg from 'pg';
import { expect, test } from 'vitest';
import type { FleetProcess } from '../support/fleet-process.ts';
import { logLines, useFleet } from '../support/fleet-under-test.ts';
import { describeWith } from '../support/services.ts';
import { asksToAdd, saysDone } from '../support/simulator-control.ts';
import { someTopologies } from '../support/topologies.ts';
import { until } from '../support/until.ts';

const tenant = 'local';

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `calls that somebody has to approve, ${name}`, () => {
    const fleet = useFleet(open);

    /** Lets every call of the counting server need an approval, and starts a worker. */
    async function start(): Promise<FleetProcess> {
      const add = { safety: 'unsafe', approval: 'destructive' };
      await fleet().addServer('counting', { url: fleet().tools.url, tools: { add } });
      return fleet().start('worker');
    }

    /** Resolves once the job waits for so many approvals and its worker is idle. */
    async function waiting(worker: FleetProcess, jobId: string, approvals = 1): Promise<Approval[]> {
      const { store } = fleet().topology;
      await until(`${jobId} to wait`, async () => (await fleet().job(jobId)).state === 'waiting');
      await until('an idle worker', async () => (await inFlight(worker)) === 0);
      const pending = await store.approvals(tenant, { jobId, pending: true }, { limit: 100 });
      expect(pending).toHaveLength(approvals);
      return pending;
    }

    /** What the api does about a verdict. */
    async function decide(jobId: string, toolUseId: string, input: Record<string, unknown>) {
      const { store, queue } = fleet().topology;
      const verdict = { kind: 'approved', input, by: 'ann' } as const;
      const decided = await store.decide(tenant, jobId, toolUseId, verdict);
      await queue.add(jobId);
      await queue.promote([jobId]);
      return decided?.kind;
    }

    const results = async (jobId: string) =>
      (await fleet().topology.store.steps(jobId)).filter((step) => step.kind === 'result');

    test('wait without a worker, and are sent once, as they were approved, by another one', async () => {
      const { tools, simulator } = fleet();
      const first = await start();
      const id = await fleet().submit([asksToAdd(1, 2), saysDone('both')]);
      const pending = await waiting(first, id, 2);
      expect(pending.map(({ tool, input }) => [tool, input])).toEqual([
        ['counting__add', { n: 2 }],
        ['counting__add', { n: 1 }],
      ]);
      expect(await fleet().job(id)).toMatchObject({
        waitReason: 'approval',
        failures: { model: 0, tools: 0 },
      });
      expect(tools.counts()).toEqual({});
      const requested = logLines(first).filter((line) => line.msg === 'approval requested');
      expect(requested.map(({ jobId, slot }) => [jobId, slot])).toEqual([
        [id, 1],
        [id, 2],
      ]);
      expect(JSON.stringify(requested)).not.toContain('"n"');

      await first.kill('SIGKILL');
      const second = await fleet().start('worker');
      expect(await decide(id, 'toolu_2', { n: 2 })).toBe('decided');
      await tools.received(2);
      await waiting(second, id);
      expect(tools.counts()).toEqual({ 'add:2': 1 });
      await second.kill('SIGKILL');
      const third = await fleet().start('worker');
      expect(await decide(id, 'toolu_1', { n: 10 })).toBe('decided');
      expect(await decide(id, 'toolu_1', { n: 20 })).toBe('already');

      expect(await fleet().ended(id)).toMatchObject({ state: 'succeeded', answer: 'both', crashes: 0 });
      expect(tools.counts()).toEqual({ 'add:2': 1, 'add:10': 1 });
      expect(tools.keys()).toEqual({ 'add:2': [`${id}.0.2`], 'add:10': [`${id}.0.1`] });
      expect(await simulator.requests(id)).toBe(2);
      const [edited, plain] = await results(id);
      expect(JSON.stringify(edited)).toMatch(/Before this call was run, ann edited .*"text":"11"/);
      expect(plain).toMatchObject({ outcome: 'ok', block: { content: [{ type: 'text', text: '3' }] } });
      const decided = logLines(third).filter((line) => line.msg === 'approval decided');
      expect(decided).toMatchObject([{ jobId: id, tenant, decision: 'approved', by: 'ann', edited: true }]);
    }, 60_000);

    test('a job of an older format that asks is left alone by workers that know no approvals', async () => {
      const worker = await start();
      await fleet().simulator.latency(500);
      const id = await fleet().submit([asksToAdd(1), saysDone()]);
      await setFormat(fleet().env.STORE_URL as string, id, jobFormat - 1);
      await waiting(worker, id);
      expect((await fleet().job(id)).format).toBe(jobFormat);
    }, 60_000);

    test('a call that nobody decides about expires by itself, and the job goes on', async () => {
      const { tools } = fleet();
      const add = { approval: 'always', approvalExpiresMs: 500 };
      await fleet().addServer('counting', { url: tools.url, tools: { add } });
      await fleet().start('worker');
      const id = await fleet().submit([asksToAdd(1), saysDone('without it')]);
      expect(await fleet().ended(id)).toMatchObject({ state: 'succeeded', answer: 'without it' });
      expect(tools.counts()).toEqual({});
      expect(await results(id)).toMatchObject([{ outcome: 'expired', block: { is_error: true } }]);
      const approval = await fleet().topology.store.approval(tenant, id, 'toolu_1');
      expect(approval?.decision).toEqual({ kind: 'expired', at: approval?.expiresAt });
      expect(await decide(id, 'toolu_1', { n: 1 })).toBe('already');
    }, 60_000);
  });
}

/** Makes a job one that was accepted by an older version. */
async function setFormat(url: string, id: string, format: number): Promise<void> {
  if (url.startsWith('mongodb')) {
    const client = new MongoClient(url);
    await client.db().collection<{ _id: string }>('jobs').updateOne({ _id: id }, { $set: { format } });
    return client.close();
  }
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query('UPDATE fleet.jobs SET format = $2 WHERE id = $1', [id, format]);
  await client.end();
}

async function inFlight(worker: FleetProcess): Promise<number> {
  const metrics = await (await fetch(`${worker.url}/metrics`)).text();
  return Number(/^fleet_jobs_in_flight (\d+)/m.exec(metrics)?.[1] ?? Number.NaN);
}
