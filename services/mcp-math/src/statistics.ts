/** The usual summary of a sample; `stddev` is the sample's (divided by n - 1), 0 for a single number. */
export interface Statistics {
  count: number;
  sum: number;
  mean: number;
  median: number;
  stddev: number;
  min: number;
  max: number;
}

/** Summarises at least one number. */
export function statistics(numbers: readonly number[]): Statistics {
  const sorted = numbers.toSorted((a, b) => a - b);
  const count = sorted.length;
  const sum = sorted.reduce((total, each) => total + each, 0);
  const mean = sum / count;
  const squares = sorted.reduce((total, each) => total + (each - mean) ** 2, 0);
  const middle = count / 2;
  const median = ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
  return {
    count,
    sum,
    mean,
    median: count % 2 === 1 ? (sorted[Math.floor(middle)] ?? 0) : median,
    stddev: count === 1 ? 0 : Math.sqrt(squares / (count - 1)),
    min: sorted[0] ?? 0,
    max: sorted.at(-1) ?? 0,
  };
}
