import { agentSpec, type ContextStore, plainJob, priceList, type RunPorts, runJob } from '@mcp-fleet/core';
import { MemoryStore } from '@mcp-fleet/core/testing';
import { createModels } from '@mcp-fleet/models';
import { createToolProvider, serverConfig } from '@mcp-fleet/tools';
import { cpuSeconds } from './support/cpu-seconds.ts';
import { type Load, type Measurement, query, warmUp } from './support/load.ts';
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

  // A lane works on whole sessions, so that the turns of each run in order.
  const run = (of: Load, prefix: string) =>
    runLimited(of.sessions, of.concurrency, async (session) => {
      const sessionId = `sess_${prefix}${session}`;
      const unset = { tenant: 't', agent: 'default', onBusy: 'enqueue' as const, metadata: {} };
      await store.createSession({ id: sessionId, ...unset });
      for (let n = session; n < of.jobs; n += of.sessions) {
        const id = `job_${prefix}${n}`;
        const content = [{ type: 'text', text: query(n) }];
        await store.accept({ ...plainJob, id, tenant: 't', sessionId, agent, query: content });
        const outcome = await runJob(id, ports, options);
        if (outcome.kind !== 'completed') throw new Error(`${id}: ${JSON.stringify(outcome)}`);
      }
    });
  await tools.start();
  await run(warmUp, 'warm-');
  const cpuBefore = cpuSeconds(process.pid);
  const begun = performance.now();
  await run(load, '');
  const seconds = (performance.now() - begun) / 1000;
  const cpu = { loop: cpuSeconds(process.pid) - cpuBefore };
  await tools.stop();
  return { seconds, cpu };
}
