import type { FleetEvent } from '@mcp-fleet/core';
import { expect, test } from 'vitest';
import { FleetMetrics } from './metrics.ts';

const series = async (metrics: FleetMetrics) =>
  (await metrics.registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'))
    .length;

/** Everything that a job does once, as job, session, tenant and tool number `n`. */
function tell(metrics: FleetMetrics, n: number): void {
  const job = { jobId: `job_${n}`, tenant: `tenant_${n}`, sessionId: `sess_${n}`, epoch: 1 };
  const usage = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 };
  const at = { round: 0, ms: 5 };
  const reply = {
    kind: 'reply',
    slot: 0,
    content: [],
    stopReason: 'end_turn',
    model: `m${n}`,
    usage,
    cost: 1,
  };
  const result = { kind: 'result', slot: 1, tool: `server_${n}__tool_${n}`, outcome: 'ok', block: {} };
  const events = [
    { type: 'job_taken', recordedSteps: 0, queuedMs: 5 },
    { type: 'step_recorded', step: { ...reply, ...at }, adopted: false, priced: 'anthropic/claude-*' },
    { type: 'step_recorded', step: { ...result, ...at }, adopted: false, priced: null },
    { type: 'job_parked', waitMs: 5, reason: `model_overloaded: the model m${n} of tenant_${n} is busy` },
    { type: 'job_ended', state: 'succeeded', durationMs: 5 },
  ];
  for (const event of events) metrics.listen({ ...event, job } as unknown as FleetEvent);
  metrics.toolServer({ type: 'call_ended', server: 'math', outcome: 'ok' });
}

test('a thousand tenants, sessions, jobs and tools have no more series than one', async () => {
  const metrics = new FleetMetrics({ processMetrics: false });
  tell(metrics, 0);
  const before = await series(metrics);
  for (let n = 1; n < 1_000; n += 1) tell(metrics, n);
  expect(await series(metrics)).toBe(before);
  expect(await metrics.registry.metrics()).not.toMatch(/tenant_|sess_|job_\d|server_\d/);
});

test('what a store and a queue are asked for is timed by its name, whether it succeeds or not', async () => {
  const metrics = new FleetMetrics({ processMetrics: false });
  class Store {
    readonly #answer = 7;
    ask = async () => this.#answer;
    async refuse() {
      throw new Error(`not ${this.#answer}`);
    }
    get size() {
      return this.#answer;
    }
  }
  const store = metrics.timedStore(new Store());
  expect([await store.ask(), store.size]).toEqual([7, 7]);
  await expect(store.refuse()).rejects.toThrow('not 7');
  const text = await metrics.registry.metrics();
  expect(text).toContain('fleet_store_seconds_count{operation="ask"} 1');
  expect(text).toContain('fleet_store_seconds_count{operation="refuse"} 1');
});
