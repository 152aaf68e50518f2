import { type BatchLine, FleetClient } from '@mcp-fleet/client';
import { lineJob } from '@mcp-fleet/core';
import { expect, onTestFinished, test } from 'vitest';
import { startFleetProcess } from '../support/fleet-process.ts';
import { describeWith } from '../support/services.ts';
import { startTestSimulator } from '../support/simulator-control.ts';
import { someTopologies } from '../support/topologies.ts';

const count = 12;

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `lines of a session on ${name}`, () => {
    test('are turns in their order although a reconciler died when it had opened some and made no jobs of them', async () => {
      const [topology, simulator] = await Promise.all([open(), startTestSimulator()]);
      const env = {
        ...topology.env,
        SIMULATOR_URL: simulator.url,
        FLEET_MODEL: 'simulated',
        DISPATCH_EVERY_MS: '100',
      };
      const start = (role: string) => startFleetProcess([role], env);
      const processes = await Promise.all(['api', 'worker'].map(start));
      onTestFinished(async () => {
        await Promise.all(processes.map((process) => process.kill('SIGKILL')));
        await simulator.stop();
        await topology.stop();
      });
      const { store } = topology;
      const fleet = new FleetClient({ url: processes[0]?.url as string });
      const session = await fleet.sessions.create();
      const lines: BatchLine[] = Array.from({ length: count }, (_, n) => ({
        query: `turn ${n + 1}`,
        session_id: session.id,
      }));
      const { id } = await fleet.batches.create({ lines });
      const batch = await store.batch('local', id);
      if (batch === null) throw new Error('the batch is not in the store');
      const opened = (await store.waitingLines(id, 4)).map((line) => ({
        n: line.n,
        job: lineJob(batch, line),
      }));
      expect(await store.admitLines(id, opened)).toEqual([1, 2, 3, 4]);

      processes.push(await start('reconciler'));
      expect((await fleet.batches.wait(id)).counts).toMatchObject({ succeeded: count });
      const asked = (await fleet.sessions.messages(session.id))
        .filter(({ role }) => role === 'user')
        .map(({ content }) => content[0]?.text);
      expect(asked).toEqual(lines.map(({ query }) => query));
    });
  });
}
