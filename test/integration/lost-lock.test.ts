import { expect, test } from 'vitest';
import { logLines, useFleet } from '../support/fleet-under-test.ts';
import { describeWith } from '../support/services.ts';
import { saysDone } from '../support/simulator-control.ts';
import { someTopologies } from '../support/topologies.ts';
import { until } from '../support/until.ts';

const held = { hold: true, ...(saysDone() as object) };

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `a worker whose queue does not answer, ${name}`, () => {
    const fleet = useFleet(open);

    for (const lost of ['requests', 'answers'] as const) {
      test(`when ${lost} get lost, it gives its job up before another has taken it, and works again later`, async () => {
        const { simulator, queueProxy, topology } = fleet();
        const cutOff = await fleet().start('worker');
        const id = await fleet().submit([held, held]);
        await simulator.requested(id, 1);
        const other = await fleet().start('worker', { QUEUE_URL: topology.env.QUEUE_URL as string });
        queueProxy.blackhole(lost);
        await simulator.requested(id, 2);
        // Had the first worker still been at it, both of its requests would be held now.
        expect(await simulator.held()).toBe(1);
        await simulator.release();
        expect(await fleet().ended(id)).toMatchObject({ state: 'succeeded' });
        await other.kill('SIGTERM');

        queueProxy.reset();
        const later = await fleet().submit([saysDone('later')]);
        expect(await fleet().ended(later)).toMatchObject({ state: 'succeeded', answer: 'later' });
        const ends = await until('its end in the log', async () => {
          const lines = logLines(cutOff).filter((line) => line.msg === 'job ended');
          return lines.length > 0 && lines.map((line) => line.jobId);
        });
        expect(ends).toEqual([later]);
      }, 120_000);
    }

    test('a worker that was stopped and wakes up later changes nothing', async () => {
      const { simulator, topology } = fleet();
      const stopped = await fleet().start('worker');
      const id = await fleet().submit([held, saysDone('by another')]);
      await simulator.requested(id, 1);
      process.kill(stopped.pid, 'SIGSTOP');
      await fleet().start('worker');
      expect(await fleet().ended(id)).toMatchObject({ state: 'succeeded', answer: 'by another' });
      const steps = await topology.store.steps(id);
      await simulator.release();
      process.kill(stopped.pid, 'SIGCONT');
      await until('the end of its delivery', async () => {
        const { active } = await topology.queue.counts();
        const metrics = await (await fetch(`${stopped.url}/metrics`)).text();
        return active === 0 && /^fleet_jobs_in_flight 0$/m.test(metrics);
      });
      expect(await topology.store.steps(id)).toEqual(steps);
      expect(await fleet().job(id)).toMatchObject({ state: 'succeeded', answer: 'by another' });
    });
  });
}
