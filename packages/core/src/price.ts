import { z } from 'zod';
import type { Nanos } from './money.ts';
import type { Usage } from './step.ts';

const dollars = z.number().min(0).max(1_000);

const rates = z.strictObject({
  /** US dollars per million tokens, as are the others. */
  input: dollars,
  output: dollars,
  /** Absent: as input. */
  cacheRead: dollars.optional(),
  /** Absent: 1.25 times the input. */
  cacheWrite5m: dollars.optional(),
  /** Absent: twice the input. */
  cacheWrite1h: dollars.optional(),
});

/** What a model's tokens cost. */
export const price = rates.extend({
  /** What the provider's batch price is multiplied by. */
  batchFactor: z.number().min(0).max(1).default(0.5),
  /** Tokens that a request may have at most; absent: unknown. */
  window: z.int().min(1).optional(),
  /** Other rates for the whole of a request whose input is longer than `over` tokens. */
  longInput: rates.extend({ over: z.int().min(1) }).optional(),
});

type Rates = z.infer<typeof rates>;
export type Price = z.infer<typeof price>;
export type PriceInput = z.input<typeof price>;

/** What tokens cost, rounded up to a whole nano-dollar. */
export function costOf(price: Price, usage: Usage): Nanos {
  const { inputTokens, outputTokens, cacheReadTokens, cacheWriteTokens, cacheWrite1hTokens = 0 } = usage;
  const held = ratesFor(price, inputTokens + cacheReadTokens + cacheWriteTokens);
  const picos =
    inputTokens * picosOf(held.input) +
    outputTokens * picosOf(held.output) +
    cacheReadTokens * picosOf(cacheReadOf(held)) +
    (cacheWriteTokens - cacheWrite1hTokens) * picosOf(cacheWriteOf(held)) +
    cacheWrite1hTokens * picosOf(held.cacheWrite1h ?? held.input * 2);
  return Math.ceil((usage.serviceTier === 'batch' ? picos * price.batchFactor : picos) / 1_000);
}

/** The least and the most that tokens can cost, whatever part of the input a cache has or gets. */
export function costBounds(
  price: Price,
  tokens: { input: number; output: number },
): { min: Nanos; max: Nanos } {
  const held = ratesFor(price, tokens.input);
  const inputs = [held.input, cacheReadOf(held), cacheWriteOf(held)].map(picosOf);
  const output = tokens.output * picosOf(held.output);
  return {
    min: Math.floor((tokens.input * Math.min(...inputs) + output) / 1_000),
    max: Math.ceil((tokens.input * Math.max(...inputs) + output) / 1_000),
  };
}

function ratesFor(price: Price, input: number): Rates {
  return price.longInput !== undefined && input > price.longInput.over ? price.longInput : price;
}

const cacheReadOf = (held: Rates) => held.cacheRead ?? held.input;
const cacheWriteOf = (held: Rates) => held.cacheWrite5m ?? held.input * 1.25;

/** Dollars per million tokens as pico-dollars for one, a whole number that products and sums are exact with. */
const picosOf = (rate: number) => Math.round(rate * 1_000_000);
