/** A loan or deposit: principal, yearly rate as a fraction, compounding periods a year, years. */
export interface Growth {
  P: number;
  r: number;
  n: number;
  t: number;
}

/** What a principal grows to: P (1 + r/n)^(n t), in the principal's currency, not rounded. */
export function compoundInterest({ P, r, n, t }: Growth): number {
  return P * (1 + r / n) ** (n * t);
}

/** The yearly rate (a fraction) at which a principal grows to an amount. */
export function solveForRate({ P, A, n, t }: { P: number; A: number; n: number; t: number }): number {
  return n * ((A / P) ** (1 / (n * t)) - 1);
}

/** An amount as people write it: `$1,104.49`. */
export function dollars(amount: number): string {
  return new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' }).format(amount);
}
