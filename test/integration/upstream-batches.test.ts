import { type AgentSpec, agentSpec, endJob, type NewJob, upstreamWait } from '@mcp-fleet/core';
import { expect, test } from 'vitest';
import type { FleetProcess } from '../support/fleet-process.ts';
import { logLines, useFleet } from '../support/fleet-under-test.ts';
import { describeWith } from '../support/services.ts';
import { asksToAdd, saysDone } from '../support/simulator-control.ts';
import { someTopologies } from '../support/topologies.ts';
import { until } from '../support/until.ts';

const tenant = 'local';
const anHour = 3_600_000;
const offline = agentSpec.parse({ model: 'simulated', execution: 'provider_batch' });

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `model calls through upstream batches, ${name}`, () => {
    const fleet = useFleet(open);

    const submit = (replies: unknown[], agent: AgentSpec = offline, over: Partial<NewJob> = {}) =>
      fleet().submit(replies, 'add', { agent, ...over });
    const startReconciler = (env: Record<string, string> = {}) =>
      fleet().start('reconciler', {
        RECONCILE_EVERY_MS: '500',
        UPSTREAM_EVERY_MS: '100',
        UPSTREAM_AGE_MS: '0',
        UPSTREAM_UNKNOWN_MS: '300',
        ...env,
      });
    const parked = (id: string) =>
      until(`${id} to wait`, async () => (await fleet().job(id)).waitReason === upstreamWait);
    const made = (count: number) =>
      until(`${count} upstream batches`, async () => {
        const batches = await fleet().simulator.batches();
        return batches.length >= count ? batches : null;
      });
    const metric = async ({ url }: FleetProcess, line: string) =>
      (await (await fetch(`${url}/metrics`)).text()).split('\n').find((each) => each.startsWith(line));

    /** Custom ids of all batches that were made. */
    const sent = async () => (await fleet().simulator.batches()).flatMap((batch) => batch.custom_ids);

    test('50 jobs with a tool round each, and a reconciler killed between creation and record', async () => {
      const { simulator, tools, topology } = fleet();
      // A lock that is lost on a busy machine would have a safe tool called again.
      const worker = await fleet().start('worker', { QUEUE_LOCK_MS: '30000' });
      await simulator.batchMs(null);
      await simulator.scriptBatches({ creations: ['hang'] });
      const numbers = Array.from({ length: 50 }, (_, n) => n);
      const ids = await Promise.all(numbers.map((n) => submit([asksToAdd(n), saysDone(`done ${n}`)])));
      await Promise.all(ids.map(parked));
      await until('an idle worker', async () =>
        (await metric(worker, 'fleet_jobs_in_flight'))?.endsWith(' 0'),
      );
      const first = await startReconciler();
      expect(await made(1)).toMatchObject([{ custom_ids: { length: 50 } }]);
      await first.kill('SIGKILL');
      expect(await topology.store.openBatches()).toMatchObject([{ state: 'sending', upstreamId: null }]);
      const second = await startReconciler();
      await simulator.batchMs(0);
      await simulator.endBatches();
      const jobs = await Promise.all(ids.map((id) => fleet().ended(id)));
      expect(jobs.map((job) => job.answer)).toEqual(numbers.map((n) => `done ${n}`));
      const customIds = await sent();
      expect(new Set(customIds).size).toBe(customIds.length);
      expect(customIds).toHaveLength(100);
      expect(await simulator.total()).toBe(0);
      expect(tools.counts()).toEqual(Object.fromEntries(numbers.map((n) => [`add:${n}`, 1])));
      const steps = await topology.store.steps(ids[0] as string);
      expect(steps.map((step) => step.kind)).toEqual(['reply', 'result', 'reply']);
      expect(steps[0]).toMatchObject({ usage: { serviceTier: 'batch' } });
      expect(await metric(second, 'fleet_upstream_batches_total{result="found"}')).toMatch(/ 1$/);
      await fleet().queueEmpty();
      await until('no open batch', async () => (await topology.store.openBatches()).length === 0);
      for (const line of [...logLines(worker), ...logLines(second)]) expect(line.msg).not.toMatch(/internal/);
    });

    test('a creation whose answer was lost is found again; a batch of somebody else is not taken for it', async () => {
      const { simulator } = fleet();
      await fleet().start('worker');
      await simulator.batchMs(null);
      await simulator.scriptBatches({ creations: ['lost'] });
      const id = await submit([saysDone('found')]);
      await parked(id);
      await startReconciler();
      await made(1);
      const params = { model: 'simulated', max_tokens: 9, messages: [{ role: 'user', content: 'hi' }] };
      await fetch(`${simulator.url}/v1/messages/batches`, {
        method: 'POST',
        headers: { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' },
        body: JSON.stringify({ requests: [{ custom_id: 'of-somebody-else', params }] }),
      });
      await simulator.endBatches();
      expect(await fleet().ended(id)).toMatchObject({ state: 'succeeded', answer: 'found' });
      expect(await sent()).toEqual([`${id}-0-1`, 'of-somebody-else']);
      const [batch] = await simulator.batches();
      expect(await fleet().topology.store.recordedBatches([batch?.id ?? ''])).toEqual([batch?.id]);
    });

    test('a creation that failed is found to be none, and the calls go into another batch', async () => {
      const { simulator } = fleet();
      await fleet().start('worker');
      await simulator.scriptBatches({ creations: [{ status: 500 }, { status: 429, retry_after: 0 }] });
      const id = await submit([saysDone()]);
      await parked(id);
      const reconciler = await startReconciler();
      expect(await fleet().ended(id)).toMatchObject({ state: 'succeeded' });
      expect(await sent()).toEqual([`${id}-0-1`]);
      expect(await metric(reconciler, 'fleet_upstream_batches_total{result="not_created"}')).toMatch(/ 1$/);
      expect(await metric(reconciler, 'fleet_upstream_batches_total{result="rate_limited"}')).toMatch(/ 1$/);
    });

    test('only what expired or failed for a while is sent again; what was refused fails', async () => {
      const { simulator } = fleet();
      await fleet().start('worker');
      const [fine, expired, overloaded, refused] = (await Promise.all(
        ['a', 'b', 'c', 'd'].map((text) => submit([saysDone(text)])),
      )) as [string, string, string, string];
      await simulator.scriptBatches({ job: expired, items: ['expired'] });
      await simulator.scriptBatches({ job: overloaded, items: [{ status: 529 }] });
      await simulator.scriptBatches({ job: refused, items: [{ status: 400, message: 'bad' }] });
      await Promise.all([fine, expired, overloaded, refused].map(parked));
      const reconciler = await startReconciler();
      expect(await fleet().ended(fine)).toMatchObject({ state: 'succeeded', answer: 'a' });
      expect(await fleet().ended(expired)).toMatchObject({ state: 'succeeded', answer: 'b' });
      expect(await fleet().ended(overloaded)).toMatchObject({ state: 'succeeded', answer: 'c' });
      expect(await fleet().ended(refused)).toMatchObject({
        state: 'failed',
        error: { code: 'model_rejected' },
      });
      const jobs = (await sent()).map((customId) => customId.split('-')[0]);
      const times = (id: string) => jobs.filter((job) => job === id).length;
      expect([fine, expired, overloaded, refused].map(times)).toEqual([1, 2, 2, 1]);
      expect(await metric(reconciler, 'fleet_upstream_items_total{result="expired"}')).toMatch(/ 1$/);
      expect(await metric(reconciler, 'fleet_upstream_items_total{result="errored"}')).toMatch(/ 2$/);
      expect(await metric(reconciler, 'fleet_upstream_tokens_total{type="output"}')).toMatch(/ [1-9]/);
    });

    test('a batch that is refused as a whole fails its jobs, as a refused call would', async () => {
      const { simulator, topology } = fleet();
      await fleet().start('worker');
      await simulator.scriptBatches({ creations: [{ status: 401 }] });
      const ids = await Promise.all([submit([saysDone()]), submit([saysDone()])]);
      await Promise.all(ids.map(parked));
      await startReconciler();
      for (const job of await Promise.all(ids.map((id) => fleet().ended(id)))) {
        expect(job.error).toMatchObject({ code: 'model_authentication' });
      }
      expect(await sent()).toEqual([]);
      await until('no open batch', async () => (await topology.store.openBatches()).length === 0);
    });

    test('batches hold as many calls and bytes as they may', async () => {
      await fleet().start('worker');
      const texts = ['x'.repeat(20_000), ...Array.from({ length: 5 }, (_, n) => String(n))];
      const ids = await Promise.all(
        texts.map((text) => submit([saysDone()], offline, { query: [{ type: 'text', text }] })),
      );
      await Promise.all(ids.map(parked));
      await startReconciler({ UPSTREAM_REQUESTS: '3', UPSTREAM_BYTES: '2000' });
      const jobs = await Promise.all(ids.map((id) => fleet().ended(id)));
      expect(jobs.map((job) => job.error?.code ?? job.state)).toEqual([
        'model_rejected',
        ...Array.from({ length: 5 }, () => 'succeeded'),
      ]);
      const sizes = (await fleet().simulator.batches()).map((batch) => batch.custom_ids.length);
      expect(Math.max(...sizes)).toBeLessThanOrEqual(3);
      expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(5);
    });

    test('the result of a job that was canceled meanwhile is ignored', async () => {
      const { simulator, topology } = fleet();
      await fleet().start('worker');
      await simulator.batchMs(null);
      const [canceled, other] = (await Promise.all([submit([saysDone()]), submit([saysDone()])])) as [
        string,
        string,
      ];
      await Promise.all([canceled, other].map(parked));
      await startReconciler();
      await made(1);
      await endJob(topology.store, tenant, canceled, { state: 'canceled', error: null });
      await simulator.endBatches();
      expect(await fleet().ended(other)).toMatchObject({ state: 'succeeded' });
      await until('no open batch', async () => (await topology.store.openBatches()).length === 0);
      expect(await fleet().job(canceled)).toMatchObject({ state: 'canceled' });
      expect(await topology.store.steps(canceled)).toEqual([]);
    });

    test('auto goes offline while there is time, and live once the batches have shown to take too long', async () => {
      const { simulator } = fleet();
      await fleet().start('worker');
      await startReconciler();
      const agent = agentSpec.parse({ model: 'simulated', execution: 'auto' });
      const within = (ms: number) => ({ deadline: new Date(Date.now() + ms) });
      const calm = await submit([saysDone('batch')], agent, within(2 * anHour));
      expect(await fleet().ended(calm)).toMatchObject({ answer: 'batch' });
      expect(await sent()).toEqual([`${calm}-0-1`]);
      const measured = await submit([saysDone('batch')], agent, within(anHour / 2));
      expect(await fleet().ended(measured)).toMatchObject({ answer: 'batch' });
      const interactive = await submit([saysDone('live')], agent);
      expect(await fleet().ended(interactive)).toMatchObject({ answer: 'live' });
      expect([await sent(), await simulator.requests(interactive)]).toMatchObject([{ length: 2 }, 1]);
    });
  });
}
