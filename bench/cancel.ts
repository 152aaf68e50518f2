import { FleetClient } from '@mcp-fleet/client';
import { startFleetProcess } from '../test/support/fleet-process.ts';
import { startTestSimulator } from '../test/support/simulator-control.ts';
import { topologies } from '../test/support/topologies.ts';
import { until } from '../test/support/until.ts';

const jobs = 50;

/**
 * How long a running model request outlives the cancellation of its job: from before the cancel request is sent
 * to the simulator's notice that its caller has gone. One api and two workers, each a process.
 */
export async function benchCancel(): Promise<void> {
  for (const { name, open } of topologies) {
    const topology = await open();
    const simulator = await startTestSimulator();
    const env = {
      ...topology.env,
      SIMULATOR_URL: simulator.url,
      FLEET_MODEL: 'simulated',
      QUEUE_LOCK_MS: '30000',
    };
    const processes = await Promise.all(
      ['api', 'worker', 'worker'].map((role) => startFleetProcess([role], env)),
    );
    const client = new FleetClient({ url: processes[0]?.url ?? '' });
    const times: number[] = [];
    for (let n = 0; n < jobs; n += 1) {
      await simulator.script([{ hold: true }]);
      const { id } = await client.jobs.create({ query: 'hello' });
      await until('the model request', async () => (await simulator.held()) === 1);
      const asked = performance.now();
      const canceled = client.jobs.cancel(id);
      while ((await simulator.held()) > 0);
      times.push(performance.now() - asked);
      await canceled;
    }
    times.sort((a, b) => a - b);
    const at = (share: number) => (times[Math.ceil(jobs * share) - 1] ?? Number.NaN).toFixed(1);
    console.log(
      `${name}: a model request ends ${at(0.5)} ms (p50), ${at(0.95)} ms (p95), ${at(1)} ms (most) after its job was canceled`,
    );
    await Promise.all(processes.map((process) => process.kill('SIGTERM')));
    await simulator.stop();
    await topology.stop();
  }
}
