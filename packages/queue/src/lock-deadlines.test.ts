import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { LockDeadlines } from './lock-deadlines.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTime(ms);

test('a delivery has to stop a margin before its lock can be another worker’s', () => {
  const locks = new LockDeadlines(2_000);
  locks.begin('a', 0);
  pass(1_799);
  expect(locks.due()).toEqual([]);
  pass(1);
  expect(locks.due()).toEqual(['a']);
  expect(locks.due()).toEqual([]);
});

test('a lock that was asked for long ago leaves less time', () => {
  const locks = new LockDeadlines(2_000);
  locks.begin('a', 1_500);
  pass(300);
  expect(locks.due()).toEqual(['a']);
});

test('a renewal counts from when it was asked for, not from when it was answered', () => {
  const locks = new LockDeadlines(2_000);
  locks.begin('a', 0);
  const askedAt = performance.now();
  pass(1_000);
  locks.renewed('a', askedAt);
  pass(800);
  expect(locks.due()).toEqual(['a']);
});

test('a delivery that has ended is not named, and a late renewal does not bring it back', () => {
  const locks = new LockDeadlines(2_000);
  locks.begin('a', 0);
  locks.end('a');
  locks.renewed('a', performance.now());
  pass(10_000);
  expect(locks.due()).toEqual([]);
});
