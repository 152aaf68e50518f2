/**
 * Money is a whole number of nano-dollars wherever it is stored, compared or added up: sums are exact, and a
 * number holds nine million dollars of them.
 */
export type Nanos = number;

const nanosPerDollar = 1_000_000_000;

/** Dollars as a person or the API writes them. */
export const fromUsd = (dollars: number): Nanos => Math.round(dollars * nanosPerDollar);

/** For showing only. */
export const toUsd = (nanos: Nanos): number => nanos / nanosPerDollar;

/** `$12.30`, and as many digits as it takes for less than a dollar: `$0.00042`. */
export function usdText(nanos: Nanos): string {
  const dollars = toUsd(nanos);
  if (dollars === 0 || dollars >= 1) return `$${dollars.toFixed(2)}`;
  const digits = Math.min(9, 1 - Math.floor(Math.log10(dollars)));
  return `$${dollars.toFixed(digits)}`;
}
