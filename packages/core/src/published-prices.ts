import type { PriceInput } from './price.ts';

const million = 1_000_000;

/** Anthropic: a cache is written at 1.25 times the input for five minutes, twice the input for an hour. */
function claude(
  input: number,
  output: number,
  { cacheRead = input / 10, window = million }: { cacheRead?: number; window?: number } = {},
): PriceInput {
  return { input, output, cacheRead, cacheWrite5m: input * 1.25, cacheWrite1h: input * 2, window };
}

/** OpenAI: writing a cache costs nothing beside the input. */
function gpt(input: number, cacheRead: number, output: number, window: number): PriceInput {
  return { input, output, cacheRead, cacheWrite5m: input, cacheWrite1h: input, window };
}

/**
 * US dollars per million tokens, as the providers published them: Anthropic's of 24 October 2026, OpenAI's of
 * March 2026. Newer models of OpenAI charge for writing a cache and do not say how much they wrote, so that
 * their price is not here. A batch costs half, the schema's default.
 */
export const publishedPrices: Record<string, PriceInput> = {
  'anthropic/claude-fable-5-1': claude(10, 50, { cacheRead: 0.25 }),
  'anthropic/claude-fable-5': claude(10, 50),
  'anthropic/claude-opus-5-5': claude(4, 20, { cacheRead: 0.2 }),
  'anthropic/claude-opus-5': claude(5, 25),
  'anthropic/claude-opus-4-8': claude(5, 25),
  'anthropic/claude-opus-4-7': claude(5, 25),
  'anthropic/claude-opus-4-6': claude(5, 25),
  'anthropic/claude-opus-4-5': claude(5, 25, { window: 200_000 }),
  'anthropic/claude-opus-4-1': claude(15, 75, { window: 200_000 }),
  'anthropic/claude-sonnet-5-5': claude(2, 10, { cacheRead: 0.1 }),
  'anthropic/claude-sonnet-5': claude(2, 10),
  'anthropic/claude-sonnet-4-6': claude(3, 15),
  'anthropic/claude-sonnet-4-5': claude(3, 15, { window: 200_000 }),
  'anthropic/claude-haiku-5-5': {
    ...claude(0.1, 0.5),
    longInput: {
      over: 100_000,
      input: 0.5,
      output: 2.5,
      cacheRead: 0.05,
      cacheWrite5m: 0.625,
      cacheWrite1h: 1,
    },
  },
  'anthropic/claude-haiku-4-5': claude(1, 5, { window: 200_000 }),
  'openai/gpt-5.2': gpt(1.75, 0.175, 14, 400_000),
  'openai/gpt-5.1': gpt(1.25, 0.125, 10, 400_000),
  'openai/gpt-5': gpt(1.25, 0.125, 10, 400_000),
  'openai/gpt-5-mini': gpt(0.25, 0.025, 2, 400_000),
  'openai/gpt-5-nano': gpt(0.05, 0.005, 0.4, 400_000),
  'openai/gpt-4.1': gpt(2, 0.5, 8, 1_047_576),
  'openai/gpt-4.1-mini': gpt(0.4, 0.1, 1.6, 1_047_576),
  'openai/gpt-4.1-nano': gpt(0.1, 0.025, 0.4, 1_047_576),
  'openai/gpt-4o': gpt(2.5, 1.25, 10, 128_000),
  'openai/gpt-4o-mini': gpt(0.15, 0.075, 0.6, 128_000),
  /** Nobody pays it: the simulator has one so that a fleet without a key shows money as well. */
  'simulated*': claude(2, 10, { cacheRead: 0.2, window: 200_000 }),
};
