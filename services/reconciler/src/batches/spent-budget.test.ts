import { type AgentSpec, agentSpec, type Batch, noBudget, totalsOf } from '@mcp-fleet/core';
import { expect, test } from 'vitest';
import { spentBudget } from './spent-budget.ts';

const counts = { waiting: 100, open: 0, succeeded: 0, errored: 0, canceled: 0, expired: 0, invalid: 0 };

function of(
  over: Partial<Batch['counts']>,
  used: number,
  budget = { cost: null, tokens: 1_000 } as Batch['budget'],
  agent: Partial<AgentSpec> = {},
) {
  const totals = { ...totalsOf([]), inputTokens: used };
  const agents = { default: agentSpec.parse({ name: 'default', version: 1, model: 'm', ...agent }) };
  return spentBudget({ budget, totals, counts: { ...counts, ...over }, agents } as unknown as Batch);
}

test('without a budget every line may begin', () => {
  expect(of({ open: 5_000 }, 1e9, noBudget)).toBeNull();
});

test('few are open before any has ended, and as many as have ended later', () => {
  expect(of({ open: 7 }, 0)).toBeNull();
  expect(of({ open: 8 }, 0)).toBe('wait');
  expect(of({ open: 19, succeeded: 20 }, 100)).toBeNull();
  expect(of({ open: 20, succeeded: 20 }, 100)).toBe('wait');
  expect(of({ open: 5_000 }, 0, undefined, { execution: 'provider_batch' })).toBeNull();
});

test('lines under way that are expected to use it up are waited for', () => {
  expect(of({ open: 9, succeeded: 10 }, 520)).toBeNull();
  expect(of({ open: 9, succeeded: 10 }, 530)).toBe('wait');
});

test('once it is spent the batch pauses, and says so', () => {
  expect(of({ succeeded: 10 }, 1_000)).toEqual({ pause: 'budget: 1000 of 1000 tokens are used' });
  const unpriced = { ...totalsOf([]), cost: null };
  const budget = { cost: 1, tokens: null };
  const batch = { budget, totals: unpriced, counts, agents: {} } as unknown as Batch;
  expect(spentBudget(batch)).toEqual({ pause: expect.stringContaining('price is not known') });
});
