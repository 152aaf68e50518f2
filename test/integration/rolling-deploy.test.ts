import { fileURLToPath } from 'node:url';
import { FleetClient } from '@mcp-fleet/client';
import { expect, test } from 'vitest';
import type { FleetProcess } from '../support/fleet-process.ts';
import { logLines, useFleet } from '../support/fleet-under-test.ts';
import { describeWith } from '../support/services.ts';
import { asksToAdd, saysDone } from '../support/simulator-control.ts';
import { someTopologies } from '../support/topologies.ts';
import { until } from '../support/until.ts';

const newerFormat = fileURLToPath(new URL('../support/newer-format.ts', import.meta.url));

/** Other tests want locks that run out soon; this one wants them kept on a machine that is busy. */
const production = { QUEUE_LOCK_MS: '30000' };

/** A process of the next version, which stores jobs in a form that this one does not know. */
const nextVersion = { NODE_OPTIONS: `--import ${newerFormat}` };

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `deploying while jobs run, ${name}`, () => {
    const fleet = useFleet(open);

    test('four workers are told to stop, one after the other: no job notices', async () => {
      const { simulator, tools } = fleet();
      await simulator.latency(50);
      const start = () => fleet().start('worker', production);
      const workers = await Promise.all(Array.from({ length: 4 }, start));
      const jobs: string[] = [];
      /** Keeps jobs coming until all workers have been replaced. */
      let deployed = false;
      const load = (async () => {
        for (let n = 1; !deployed || jobs.length < 40; n += 2) {
          jobs.push(await fleet().submit([asksToAdd(n), asksToAdd(n + 1), saysDone()]));
          if (jobs.length > 20) await fleet().ended(jobs.at(-20) as string);
        }
      })();
      for (const worker of workers) {
        await until('a busy worker', async () => (await inFlight(worker)) > 0);
        expect(await worker.kill('SIGTERM')).toBe(0);
        await start();
      }
      deployed = true;
      await load;
      for (const id of jobs) {
        const job = await fleet().ended(id);
        expect(job).toMatchObject({ state: 'succeeded', crashes: 0, failures: { model: 0, tools: 0 } });
        expect(await simulator.requests(id)).toBe(3);
      }
      expect(Object.keys(tools.counts())).toHaveLength(2 * jobs.length);
      expect(new Set(Object.values(tools.counts()))).toEqual(new Set([1]));
    }, 120_000);

    test('a job of a newer version is handed back by older workers, uncharged, and run by newer ones', async () => {
      const { simulator } = fleet();
      const older = await fleet().start('worker');
      const api = await fleet().start('api', nextVersion);
      await simulator.script([saysDone('understood')]);
      const { id } = await new FleetClient({ url: api.url }).jobs.create({ query: 'hello' });
      await until('the older worker to hand it back', async () =>
        logLines(older).some((line) => line.jobId === id && line.msg === 'job left to a newer worker'),
      );
      expect(await fleet().job(id)).toMatchObject({ state: 'queued', epoch: 0, crashes: 0 });
      const newer = await fleet().start('worker', nextVersion);
      expect(await fleet().ended(id)).toMatchObject({ state: 'succeeded', answer: 'understood' });
      // Jobs of the older version are run by whoever is free.
      await older.kill('SIGTERM');
      const known = await fleet().submit([saysDone('known')]);
      expect(await fleet().ended(known)).toMatchObject({ state: 'succeeded', answer: 'known' });
      await until(
        'two ends in its log',
        async () => logLines(newer).filter((line) => line.msg === 'job ended').length === 2,
      );
    });
  });
}

async function inFlight({ url }: FleetProcess): Promise<number> {
  const metrics = await (await fetch(`${url}/metrics`)).text();
  return Number(/^fleet_jobs_in_flight (\d+)/m.exec(metrics)?.[1] ?? 0);
}
