import { FleetClient } from '@mcp-fleet/client';
import { expect, test } from 'vitest';
import { useFleet } from '../support/fleet-under-test.ts';
import { runCli } from '../support/run-cli.ts';
import { describeWith } from '../support/services.ts';
import { saysDone } from '../support/simulator-control.ts';
import { someTopologies } from '../support/topologies.ts';

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `the priority of a job, ${name}`, () => {
    const fleet = useFleet(open);

    async function start() {
      const [api] = await Promise.all([
        fleet().start('api'),
        fleet().start('worker', { WORKER_CONCURRENCY: '1', WORKER_BATCH_CONCURRENCY: '1' }),
      ]);
      return { url: api?.url ?? '', client: new FleetClient({ url: api?.url ?? '' }) };
    }

    test('a batch job runs beside a query that has the only place for queries, and so does its replay', async () => {
      const { simulator } = fleet();
      const { client } = await start();
      await simulator.script([{ hold: true, ...(saysDone('late') as object) }]);
      const query = await client.jobs.create({ query: 'first' });
      await simulator.requested(query.id, 1);
      await simulator.script([{ error: { status: 403 } }, saysDone('again')]);
      const batch = await client.jobs.create({ query: 'second', priority: 'batch' });
      expect([query.priority, batch.priority]).toEqual(['interactive', 'batch']);
      expect(await client.jobs.wait(batch.id)).toMatchObject({ state: 'failed', priority: 'batch' });
      const replay = await client.jobs.replay(batch.id);
      expect(await client.jobs.wait(replay.id)).toMatchObject({ answer: 'again', priority: 'batch' });
      expect(await client.jobs.get(query.id)).toMatchObject({ state: 'running' });
      await simulator.release();
      expect(await client.jobs.wait(query.id)).toMatchObject({ state: 'succeeded' });
    });

    test('a query and a batch job of one session run in the order of their acceptance', async () => {
      const { simulator } = fleet();
      const { client } = await start();
      const { id: session_id } = await client.sessions.create();
      await simulator.script([saysDone('1'), saysDone('2'), saysDone('3')]);
      const jobs = [];
      for (const priority of ['batch', 'interactive', 'batch'] as const) {
        jobs.push(await client.jobs.create({ query: priority, priority, session_id }));
      }
      for (const { id } of jobs) await client.jobs.wait(id);
      const messages = await client.sessions.messages(session_id);
      expect(messages.map(({ job_id }) => job_id)).toEqual(jobs.flatMap(({ id }) => [id, id]));
    });

    test('`fleet submit --priority batch` submits one', async () => {
      const { simulator } = fleet();
      const { url } = await start();
      await simulator.script([saysDone('42')]);
      const args = ['submit', 'What is 6 * 7?', '--priority', 'batch', '--wait', '--json', '--url', url];
      const { code, stdout } = await runCli(args);
      expect([code, JSON.parse(stdout)]).toMatchObject([0, { priority: 'batch', answer: '42' }]);
    });
  });
}
