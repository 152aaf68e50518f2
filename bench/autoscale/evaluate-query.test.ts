import { FleetMetrics } from '@mcp-fleet/runtime';
import { expect, test } from 'vitest';
import { evaluateQuery } from './evaluate-query.ts';
import { readScalingRules } from './scaling-rules.ts';

const { query } = readScalingRules();

async function shown(interactive: number[], batch: number[]): Promise<string> {
  const metrics = new FleetMetrics({ processMetrics: false });
  const counts = ([waiting = 0, active = 0, delayed = 0]: number[]) => ({ waiting, active, delayed });
  metrics.queue(async () => ({ interactive: counts(interactive), batch: counts(batch) }));
  return metrics.registry.metrics();
}

test('ids that wait and that are held count, of both lanes; those whose time has not come do not', async () => {
  expect(evaluateQuery(query, [await shown([1, 20, 300], [4_000, 50_000, 600_000])])).toBe(54_021);
});

test('two reconcilers that show the same queue count once', async () => {
  const targets = [await shown([7, 3], [0, 0]), await shown([6, 4], [0, 0])];
  expect(evaluateQuery(query, targets)).toBe(11);
});

test('a queue that nobody can count is unknown, not empty', async () => {
  const metrics = new FleetMetrics({ processMetrics: false });
  metrics.queue(() => Promise.reject(new Error('away')));
  expect(evaluateQuery(query, [await metrics.registry.metrics()])).toBeNull();
});

test('another form of query is refused', () => {
  expect(() => evaluateQuery('avg(fleet_queue_jobs)', [])).toThrow('is not understood');
});
