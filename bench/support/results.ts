/** What a benchmark came to, and what it should have. */
export interface Result {
  name: string;
  value: number;
  unit: string;
  /** Null for what is reported and has no target. */
  target: { at: 'most' | 'least'; value: number } | null;
  /** The least and the most of the measurements whose median the value is, where there are several. */
  range?: readonly [number, number];
}

export const atMost = (value: number) => ({ at: 'most' as const, value });
export const atLeast = (value: number) => ({ at: 'least' as const, value });

export function isMet({ value, target }: Result): boolean | null {
  if (target === null) return null;
  return target.at === 'most' ? value <= target.value : value >= target.value;
}

export function printResults(results: readonly Result[]): void {
  for (const result of results) {
    const { name, value, unit, target } = result;
    const met = isMet(result);
    const wanted = target === null ? '' : ` (at ${target.at} ${target.value})`;
    const between = result.range
      ? ` [${result.range.map((end) => Number(end.toPrecision(3))).join(', ')}]`
      : '';
    console.log(
      `${met === null ? ' ' : met ? '✓' : '✗'} ${name}: ${Number(value.toPrecision(4))} ${unit}${between}${wanted}`,
    );
  }
}

/** One line for programs. */
export const toJson = (results: readonly Result[]): string =>
  JSON.stringify({
    results: results.map((result) => ({
      ...{ name: result.name, value: result.value, unit: result.unit, range: result.range },
      target: result.target?.value ?? null,
      met: isMet(result),
    })),
  });

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The nearest-rank quantile. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(q * sorted.length) - 1)] ?? Number.NaN;
}

export const rangeOf = (values: readonly number[]): [number, number] => [
  Math.min(...values),
  Math.max(...values),
];

/** A result's value and range. */
export const summaryOf = (values: readonly number[]) => ({ value: median(values), range: rangeOf(values) });

/** Each round's value against that of its baseline: what runs in one round has the same machine. */
export const against = (values: readonly number[], baseline: readonly number[]): number[] =>
  values.map((value, round) => value / (baseline[round] ?? Number.NaN));

export const spread = (values: readonly number[]): string =>
  rangeOf(values)
    .map((end) => end.toPrecision(3))
    .join(' to ');
