import { describe, expect, test } from 'vitest';
import { fromUsd, toUsd, usdText } from './money.ts';
import { costBounds, costOf } from './price.ts';
import { knownPrice, priceList } from './price-list.ts';

const usage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };
const named = (model: string, own = {}) => priceList(own).of(model)?.name ?? null;
const published = (model: string) => knownPrice(priceList(), model, 'A test').price;

describe('a price', () => {
  test.each([
    ['anthropic/claude-sonnet-4-5', 'anthropic/claude-sonnet-4-5'],
    ['anthropic/claude-sonnet-4-5-20250929', 'anthropic/claude-sonnet-4-5'],
    ['claude-opus-5-5-latest', 'anthropic/claude-opus-5-5'],
    ['gpt-5-mini-2025-08-07', 'openai/gpt-5-mini'],
    ['openai/gpt-5-20250807', 'openai/gpt-5'],
    ['simulated', 'simulated*'],
    ['simulated-slow', 'simulated*'],
  ])('is found for %s', (model, name) => {
    expect(named(model)).toBe(name);
  });

  test.each(['anthropic/claude-sonnet-4-50', 'openai/gpt-5-pro', 'openai/gpt-5.1-codex', 'openai/llama', ''])(
    'is unknown for %j, rather than that of another model',
    (model) => {
      expect(named(model)).toBeNull();
    },
  );

  test('of the configuration comes before the published one, and the longest name before a shorter', () => {
    const own = { 'openai/*': { input: 1, output: 2 }, 'openai/gpt-5*': { input: 3, output: 4 } };
    expect(named('openai/llama', own)).toBe('openai/*');
    expect(named('openai/gpt-5.1', own)).toBe('openai/gpt-5*');
    expect(named('anthropic/claude-sonnet-5', own)).toBe('anthropic/claude-sonnet-5');
  });

  test('that is unknown is refused with the way to add it', () => {
    expect(() => knownPrice(priceList(), 'openai/llama', 'A budget')).toThrow(
      expect.objectContaining({
        code: 'unknown_price',
        message: expect.stringContaining('{"prices": {"openai/llama"'),
      }),
    );
  });
});

describe('a cost', () => {
  const million = 1_000_000;

  test.each([
    ['input', { inputTokens: million }, 3],
    ['output', { outputTokens: million }, 15],
    ['reading a cache', { cacheReadTokens: million }, 0.3],
    ['writing a cache', { cacheWriteTokens: million }, 3.75],
    ['writing a cache for an hour', { cacheWriteTokens: million, cacheWrite1hTokens: million }, 6],
    ['both kinds of writing', { cacheWriteTokens: 2 * million, cacheWrite1hTokens: million }, 9.75],
  ])('has the rate of %s', (_what, tokens, dollars) => {
    expect(costOf(published('claude-sonnet-4-6'), { ...usage, ...tokens })).toBe(fromUsd(dollars));
  });

  test('is exact, and in a batch half', () => {
    const tokens = { inputTokens: 123, outputTokens: 456, cacheReadTokens: 789, cacheWriteTokens: 1 };
    const price = published('claude-opus-5-5');
    expect(costOf(price, tokens)).toBe(123 * 4_000 + 456 * 20_000 + 789 * 200 + 5_000);
    expect(costOf(price, { ...tokens, serviceTier: 'batch' })).toBe(costOf(price, tokens) / 2);
  });

  test('is that of a long input from its length on, for all of the request', () => {
    const price = published('claude-haiku-5-5');
    const tokens = { ...usage, inputTokens: 50_000, cacheReadTokens: 50_000, outputTokens: 10 };
    expect(costOf(price, tokens)).toBe(50_000 * 100 + 50_000 * 10 + 10 * 500);
    const longer = { ...tokens, cacheReadTokens: 50_001 };
    expect(costOf(price, longer)).toBe(50_000 * 500 + 50_001 * 50 + 10 * 2_500);
  });

  test('lies within its bounds whatever a cache does', () => {
    const price = published('claude-sonnet-4-6');
    const { min, max } = costBounds(price, { input: 1_000, output: 10 });
    for (const part of ['inputTokens', 'cacheReadTokens', 'cacheWriteTokens'] as const) {
      const cost = costOf(price, { ...usage, [part]: 1_000, outputTokens: 10 });
      expect(cost).toBeGreaterThanOrEqual(min);
      expect(cost).toBeLessThanOrEqual(max);
    }
    expect(toUsd(max)).toBe(0.0039);
  });

  test.each([
    [0, '$0.00'],
    [12.3, '$12.30'],
    [0.5, '$0.50'],
    [0.0123, '$0.012'],
    [0.00042, '$0.00042'],
    [0.000000001, '$0.000000001'],
  ])('of %d dollars is shown as %s', (dollars, text) => {
    expect(usdText(fromUsd(dollars))).toBe(text);
  });
});
