import { expect, test } from 'vitest';
import { nextAttemptMs, withRetryAfter } from './retry-schedule.ts';

const day = 24 * 60 * 60_000;

function waits(random: number): number[] {
  const found: number[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const wait = nextAttemptMs(attempt, random);
    if (wait === null) return found;
    found.push(wait);
  }
}

test('ten attempts take a day, give or take a tenth', () => {
  expect(waits(0.5)).toHaveLength(9);
  const total = (random: number) => waits(random).reduce((sum, wait) => sum + wait, 0);
  expect(total(0.5)).toBe(day);
  expect(total(0)).toBeCloseTo(0.9 * day, -2);
  expect(total(0.999_999)).toBeCloseTo(1.1 * day, -3);
});

test('the first waits are short, each is longer than the one before until half a day is over', () => {
  expect(waits(0.5).slice(0, 4)).toEqual([5_000, 295_000, 1_500_000, 5_400_000]);
});

test('there is nothing after the last attempt, nor before the first', () => {
  expect([0, 10, 11, 1_000].map((attempt) => nextAttemptMs(attempt, 0.5))).toEqual([null, null, null, null]);
});

test('a wait is as long as the receiver asks for, up to six hours, and never shorter than it was', () => {
  expect(withRetryAfter(5_000, null)).toBe(5_000);
  expect(withRetryAfter(5_000, 60_000)).toBe(60_000);
  expect(withRetryAfter(300_000, 60_000)).toBe(300_000);
  expect(withRetryAfter(5_000, 30 * day)).toBe(day / 4);
});
