import { expect, test } from 'vitest';
import { estimateTokens, fitContext } from './fit-context.ts';
import type { Turn } from './job.ts';
import { turnMessages } from './step.ts';

function turn(n: number, characters = 350): Turn {
  return { jobId: `job_${n}`, turn: n, query: [{ type: 'text', text: 'q'.repeat(characters) }], steps: [] };
}

const size = (t: Turn) => estimateTokens(turnMessages(t.query, t.steps));
const turns = [1, 2, 3, 4, 5, 6].map((n) => turn(n));
const one = size(turn(1));

test('everything stays while it fits', () => {
  expect(fitContext(turns, one * 6)).toMatchObject({ cutAt: null });
  expect(fitContext(turns, one * 6).messages).toHaveLength(6);
});

test('a cut keeps whole turns, the newest, in at most half of the budget', () => {
  const fitted = fitContext(turns, one * 5);
  expect(fitted.cutAt).toBe(5);
  expect(fitted.messages).toHaveLength(2);
});

test('after a cut the prefix stays the same until the budget is full again', () => {
  const budget = one * 5;
  const { cutAt } = fitContext(turns, budget);
  const later = [...turns.filter((t) => t.turn >= (cutAt ?? 0)), turn(7), turn(8), turn(9)];
  expect(fitContext(later, budget).cutAt).toBeNull();
});

test('a newest turn larger than half of the budget is kept while it fits alone', () => {
  const fitted = fitContext([turn(1), turn(2, 3000)], size(turn(2, 3000)) + 1);
  expect(fitted).toMatchObject({ cutAt: 2 });
});

test('a newest turn larger than the budget leaves an empty context', () => {
  expect(fitContext([turn(1), turn(2, 10_000)], 100)).toEqual({ messages: [], cutAt: 3 });
});

test('a budget of nothing gives nothing', () => {
  expect(fitContext([], 0)).toEqual({ messages: [], cutAt: null });
});
