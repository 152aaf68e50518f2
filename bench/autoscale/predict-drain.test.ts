import { expect, test } from 'vitest';
import { predictDrainMs } from './predict-drain.ts';
import { readScalingRules, type ScalingRules } from './scaling-rules.ts';
import { shrinkRules } from './shrink-rules.ts';

const rules: ScalingRules = {
  ...readScalingRules(),
  threshold: 8,
  concurrency: 10,
  scrapeMs: 1_000,
  pollMs: 1_000,
  syncMs: 1_500,
};
const atOnce = { perSecond: 1e6, jobMs: 1_000, startMs: 2_000 };

test('one job: it is seen after a second, its worker is ready two later, and it takes one', () => {
  expect(predictDrainMs(rules, { ...atOnce, jobs: 1 })).toBe(4_000);
});

test('with one worker at most, jobs run in as many rounds as its places make necessary', () => {
  expect(predictDrainMs({ ...rules, max: 1 }, { ...atOnce, jobs: 35 })).toBe(7_000);
});

test('forty jobs: the second to fifth worker are asked for at 1.5 s and ready at 3.5 s', () => {
  expect(predictDrainMs(rules, { ...atOnce, jobs: 40 })).toBe(4_500);
});

test('a smaller and faster world keeps the numbers of workers', () => {
  const shrunk = shrinkRules(rules, { time: 10, jobs: 2 });
  expect(shrunk).toMatchObject({ threshold: 4, concurrency: 5, scrapeMs: 100, max: rules.max });
  expect(shrunk.down).toEqual({
    stabilizationMs: 30_000,
    policies: [{ type: 'Percent', value: 25, periodMs: 6_000 }],
  });
});
