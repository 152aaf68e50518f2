import { describe, expect, test } from 'vitest';
import { noWorkers, poll, recommend, type Scaling, sync } from './replicas.ts';
import { readScalingRules, type ScalingRules } from './scaling-rules.ts';

const rules: ScalingRules = {
  query: '',
  threshold: 80,
  activation: 0,
  min: 0,
  max: 50,
  concurrency: 100,
  scrapeMs: 10_000,
  pollMs: 10_000,
  syncMs: 15_000,
  cooldownMs: 300_000,
  tolerance: 0.1,
  up: {
    stabilizationMs: 0,
    policies: [
      { type: 'Percent', value: 100, periodMs: 15_000 },
      { type: 'Pods', value: 4, periodMs: 15_000 },
    ],
  },
  down: { stabilizationMs: 300_000, policies: [{ type: 'Percent', value: 25, periodMs: 60_000 }] },
};

const workers = (replicas: number): Scaling => ({ ...noWorkers, replicas, lastActiveMs: 0 });

/** The replicas after each of these rounds of the autoscaler, 15 s apart. */
function rounds(from: Scaling, metrics: readonly number[], over: Partial<ScalingRules> = {}): number[] {
  let scaling = from;
  return metrics.map((metric, n) => {
    scaling = sync({ ...rules, ...over }, scaling, metric, n * 15_000);
    return scaling.replicas;
  });
}

describe('what the metric asks for', () => {
  test.each([
    { metric: 0, replicas: 3, expected: 0 },
    { metric: 1, replicas: 3, expected: 1 },
    { metric: 160, replicas: 5, expected: 2 },
    { metric: 161, replicas: 5, expected: 3 },
    { metric: 8_000, replicas: 5, expected: 100 },
  ])('$metric jobs with $replicas workers: $expected', ({ metric, replicas, expected }) => {
    expect(recommend(rules, replicas, metric)).toBe(expected);
  });

  test.each([
    { metric: 720, expected: 10 },
    { metric: 719, expected: 9 },
    { metric: 879, expected: 10 },
    { metric: 881, expected: 12 },
  ])('$metric jobs with ten workers, by the tolerance of a tenth: $expected', ({ metric, expected }) => {
    expect(recommend(rules, 10, metric)).toBe(expected);
  });
});

describe('between none and one', () => {
  test('one job starts a worker, and none starts no worker', () => {
    expect(poll(rules, noWorkers, 0, 0).replicas).toBe(0);
    expect(poll(rules, noWorkers, 1, 0).replicas).toBe(1);
  });

  test('what is no more than the activation threshold starts no worker', () => {
    const activation = { ...rules, activation: 5 };
    expect(poll(activation, noWorkers, 5, 0).replicas).toBe(0);
    expect(poll(activation, noWorkers, 6, 0).replicas).toBe(1);
  });

  test('all workers end once the cooldown has passed since the last job', () => {
    const active = poll(rules, workers(7), 1, 1_000);
    expect(poll(rules, active, 0, 301_000).replicas).toBe(7);
    expect(poll(rules, active, 0, 301_001).replicas).toBe(0);
  });

  test('a job within the cooldown begins it anew', () => {
    const again = poll(rules, poll(rules, workers(1), 1, 0), 1, 200_000);
    expect(poll(rules, again, 0, 400_000).replicas).toBe(1);
  });

  test('with a least number of workers there are never fewer', () => {
    const two = { ...rules, min: 2 };
    expect(poll(two, noWorkers, 0, 0).replicas).toBe(2);
    expect(poll(two, workers(2), 0, 1e9).replicas).toBe(2);
  });

  test('the Kubernetes autoscaler starts none from none', () => {
    expect(rounds(noWorkers, [1_000])).toEqual([0]);
  });
});

describe('on the way up', () => {
  test('four more or twice as many a round, whichever is more', () => {
    expect(rounds(workers(1), [4_000, 4_000, 4_000, 4_000, 4_000])).toEqual([5, 10, 20, 40, 50]);
  });

  test('never more than the most', () => {
    expect(rounds(workers(48), [1e6])).toEqual([50]);
  });

  test('what was added within the period counts', () => {
    const once = sync(rules, workers(1), 4_000, 0);
    expect(sync(rules, once, 4_000, 5_000).replicas).toBe(5);
    expect(sync(rules, once, 4_000, 15_000).replicas).toBe(10);
  });
});

describe('on the way down', () => {
  test('as many as were asked for within the window stay', () => {
    const quiet = Array.from({ length: 20 }, () => 80);
    expect(rounds(workers(10), [800, ...quiet.slice(0, 19)]).at(-1)).toBe(10);
    expect(rounds(workers(10), [800, ...quiet]).at(-1)).toBe(7);
  });

  test('a quarter a minute at most, and the last but one as well', () => {
    const over = { down: { ...rules.down, stabilizationMs: 0 } };
    const minutes = rounds(workers(10), Array(24).fill(1), over).filter((_, n) => n % 4 === 0);
    expect(minutes).toEqual([7, 5, 3, 2, 1, 1]);
  });

  test('one worker is the least while there is no end of the cooldown', () => {
    const over = {
      down: { stabilizationMs: 0, policies: [{ type: 'Pods' as const, value: 9, periodMs: 1 }] },
    };
    expect(rounds(workers(3), [0], over)).toEqual([1]);
  });
});

test('the manifest says what it is understood to say', () => {
  expect(readScalingRules()).toEqual({ ...rules, query: expect.stringContaining('fleet_queue_jobs') });
});
