import { randomBytes } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import type { FleetProcess } from '../support/fleet-process.ts';
import { logLines, useFleet } from '../support/fleet-under-test.ts';
import { processesMentioning } from '../support/leftovers.ts';
import { describeWith } from '../support/services.ts';
import { asksToAdd, saysDone } from '../support/simulator-control.ts';
import { someTopologies } from '../support/topologies.ts';
import { until } from '../support/until.ts';

const nasty = fileURLToPath(new URL('../support/servers/nasty.mjs', import.meta.url));
const newCanary = () => `canary-${randomBytes(6).toString('hex')}`;

/** A stdio server whose processes can be found by a mark on their command line. */
const markedServer = (mark: string) => ({
  command: process.execPath,
  args: [nasty, 'ignores-sigterm', mark],
});

async function readiness({ url }: FleetProcess): Promise<{ status: number; body: Record<string, string> }> {
  const response = await fetch(`${url}/readyz`);
  return { status: response.status, body: (await response.json()) as Record<string, string> };
}

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `the worker as a service, ${name}`, () => {
    const fleet = useFleet(open);

    test('told to stop during a tool call, it ends the step and hands the job back', async () => {
      const { tools, simulator, topology } = fleet();
      const mark = newCanary();
      await fleet().addServer('nasty', markedServer(mark));
      const first = await fleet().start('worker');
      tools.hold(1);
      const id = await fleet().submit([asksToAdd(1), saysDone()]);
      await tools.received(1);
      expect(processesMentioning(mark)).not.toEqual([]);
      const exit = first.kill('SIGTERM');
      const draining = await until('the draining worker', async () => {
        const ready = await readiness(first);
        return ready.status === 503 ? ready : null;
      });
      expect(draining.body).toMatchObject({ worker: 'draining', store: 'ok', queue: 'ok' });
      tools.release(1);
      expect(await exit).toBe(0);
      expect(processesMentioning(mark)).toEqual([]);
      expect((await topology.store.steps(id)).map((step) => step.kind)).toEqual(['reply', 'result']);
      expect(await fleet().job(id)).toMatchObject({ state: 'queued', crashes: 0 });
      await fleet().start('worker');
      expect(await fleet().ended(id)).toMatchObject({ state: 'succeeded', answer: 'done', crashes: 0 });
      expect(await simulator.requests(id)).toBe(2);
      expect(tools.counts()).toEqual({ 'add:1': 1 });
    });

    test('a tool call that outlasts the grace time is given up, and the job handed back', async () => {
      const { tools, simulator } = fleet();
      const first = await fleet().start('worker', { WORKER_GRACE_MS: '200' });
      tools.hold(1);
      const id = await fleet().submit([asksToAdd(1), saysDone()]);
      await tools.received(1);
      expect(await first.kill('SIGTERM')).toBe(0);
      expect(await fleet().job(id)).toMatchObject({ state: 'queued', crashes: 0 });
      tools.release(1);
      await fleet().start('worker');
      expect(await fleet().ended(id)).toMatchObject({ state: 'succeeded', crashes: 0 });
      expect(await simulator.requests(id)).toBe(2);
      expect(tools.counts()).toEqual({ 'add:1': 2 });
    });

    test('told to stop with nothing in flight, it ends at once', async () => {
      const graceMs = 60_000;
      const worker = await fleet().start('worker', { WORKER_GRACE_MS: String(graceMs) });
      const told = performance.now();
      expect(await worker.kill('SIGTERM')).toBe(0);
      expect(performance.now() - told).toBeLessThan(graceMs / 10);
    });

    test('it is alive but not ready while the store or the queue is away', async () => {
      const { topology, queueProxy } = fleet();
      const worker = await fleet().start('worker');
      const ready = { status: 200, body: { status: 'ready', store: 'ok', queue: 'ok', worker: 'ok' } };
      expect(await readiness(worker)).toEqual(ready);
      for (const [part, proxy] of Object.entries({ store: topology.storeProxy, queue: queueProxy })) {
        proxy.goDown();
        const away = await readiness(worker);
        expect(away).toMatchObject({ status: 503, body: { status: 'not ready', worker: 'ok' } });
        expect(away.body[part]).not.toBe('ok');
        expect((await fetch(`${worker.url}/healthz`)).status).toBe(200);
        proxy.reset();
        await until(`${part} to be back`, async () => (await readiness(worker)).status === 200);
      }
    });

    test('its metrics count what a job came to', async () => {
      const worker = await fleet().start('worker');
      await fleet().ended(await fleet().submit([asksToAdd(1), saysDone()]));
      await fleet().queueEmpty();
      const response = await fetch(`${worker.url}/metrics`);
      expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=/);
      const lines = (await response.text()).split('\n');
      expect(lines).toEqual(
        expect.arrayContaining([
          '# TYPE fleet_jobs_ended_total counter',
          'fleet_jobs_ended_total{state="succeeded"} 1',
          'fleet_steps_total{kind="reply"} 2',
          'fleet_steps_total{kind="result"} 1',
          'fleet_model_call_seconds_count 2',
          'fleet_tool_call_seconds_count{outcome="ok"} 1',
          'fleet_job_queue_seconds_count 1',
          'fleet_job_duration_seconds_count{state="succeeded"} 1',
          'fleet_jobs_in_flight 0',
          '# TYPE process_cpu_seconds_total counter',
        ]),
      );
    });

    test('it logs one JSON line for the end of a job, and nothing of its contents', async () => {
      const canary = newCanary();
      await fleet().addServer('nasty', { command: process.execPath, args: [nasty] });
      const worker = await fleet().start('worker', { LOG_LEVEL: 'trace' });
      const use = { type: 'tool_use', id: 'toolu_1', name: 'nasty__echo', input: { text: canary } };
      const asksToEcho = { content: [use], stop_reason: 'tool_use' };
      const good = await fleet().submit([asksToEcho, saysDone(canary)], canary);
      const bad = await fleet().submit([{ error: { status: 400, message: canary } }], canary);
      expect(await fleet().ended(good)).toMatchObject({ state: 'succeeded', answer: canary });
      expect(await fleet().ended(bad)).toMatchObject({ state: 'failed' });
      await fleet().queueEmpty();
      expect(await worker.kill('SIGTERM')).toBe(0);
      const ends = await until('two ends in the log', async () => {
        const lines = logLines(worker).filter(
          (line) => line.msg === 'job ended' || line.msg === 'job failed',
        );
        return lines.length >= 2 ? lines : null;
      });
      expect(worker.log()).not.toContain(canary);
      expect(ends).toHaveLength(2);
      expect(ends.find((line) => line.jobId === good)).toMatchObject({
        service: 'worker',
        msg: 'job ended',
        state: 'succeeded',
        modelCalls: 2,
        toolCalls: 1,
      });
      expect(ends.find((line) => line.jobId === bad)).toMatchObject({
        msg: 'job failed',
        state: 'failed',
        code: 'model_rejected',
      });
    });
  });
}
