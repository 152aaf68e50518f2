import { agentSpec, type ContextStore, plainJob, priceList, type RunPorts, runJob } from '@mcp-fleet/core';
import { MemoryStore } from '@mcp-fleet/core/testing';
import { createModels } from '@mcp-fleet/models';
import { createToolProvider, serverConfig } from '@mcp-fleet/tools';
import { cpuSeconds } from './support/cpu-seconds.ts';
import { type Load, type Measurement, query } from './support/load.ts';
import { runLimited } from './support/run-limited.ts';

/** The same loop in one process, with its record in memory: no queue, no store, no fleet. */
export async function measurePlain(load: Load, simulatorUrl: string, toolsUrl: string): Promise<Measurement> {
  const store = new MemoryStore();
  const never = new AbortController().signal;
  const models = createModels({ simulated: { baseURL: simulatorUrl } });
  const servers = { math: serverConfig.parse({ url: toolsUrl, trusted: true }) };
  const tools = createToolProvider({ servers, env: process.env });
  const alarm = () => ({ signal: never, cancel: () => undefined });
  const clock = { now: Date.now, random: Math.random, alarm };
  const ports: RunPorts = { store: store as unknown as ContextStore, model: models, tools, clock };
  const agent = agentSpec.parse({ model: 'simulated' });
  const options = {
    policy: { durability: 'default' as const, prices: priceList() },
    signal: never,
    draining: never,
    requests: { join: false, interrupt: false },
    emit: () => undefined,
  };

  for (let n = 0; n < load.sessions; n += 1) {
    await store.createSession({
      id: `sess_${n}`,
      tenant: 't',
      agent: 'default',
      onBusy: 'enqueue',
      metadata: {},
    });
  }
  await tools.start();
  const cpuBefore = cpuSeconds(process.pid);
  const begun = performance.now();
  // A lane works on whole sessions, so that the turns of each run in order.
  await runLimited(load.sessions, load.concurrency, async (session) => {
    for (let n = session; n < load.jobs; n += load.sessions) {
      const id = `job_${n}`;
      const content = [{ type: 'text', text: query(n) }];
      await store.accept({
        ...plainJob,
        id,
        tenant: 't',
        sessionId: `sess_${session}`,
        agent,
        query: content,
      });
      const outcome = await runJob(id, ports, options);
      if (outcome.kind !== 'completed') throw new Error(`${id}: ${JSON.stringify(outcome)}`);
    }
  });
  const seconds = (performance.now() - begun) / 1000;
  const cpu = { loop: cpuSeconds(process.pid) - cpuBefore };
  await tools.stop();
  return { seconds, cpu, storeTrips: null, queueCommands: null };
}
