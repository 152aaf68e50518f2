import { type Http, search } from './http.ts';
import { type Lines, linePieces } from './line-pieces.ts';
import type { BatchEstimate, NewBatch } from './types.ts';

/** The settings of a batch that bear upon what it may use. */
export type EstimateQuery = Pick<NewBatch, 'agent' | 'max_cost_usd' | 'max_tokens'>;

/** Problems, and models, that are named. */
const mostNamed = 100;

/** Sends lines piece by piece to be estimated, and adds up what each piece may use. */
export async function estimateLines(
  http: Http,
  lines: Lines,
  { agent, max_cost_usd, max_tokens, signal }: EstimateQuery & { signal?: AbortSignal },
): Promise<BatchEstimate> {
  const path = `/v1/batches/estimate${search({ agent })}`;
  let sum: BatchEstimate = nothing;
  let line = 0;
  for await (const bytes of linePieces(lines)) {
    const content = { type: 'application/jsonl', bytes };
    const piece = await http.json<BatchEstimate>({ method: 'POST', path, content, repeatable: true, signal });
    sum = added(sum, piece, line);
    line += countLines(bytes);
  }
  return {
    ...sum,
    tokens: within(sum.tokens, max_tokens),
    cost_usd: sum.cost_usd && within(sum.cost_usd, max_cost_usd),
  };
}

const nothing: BatchEstimate = {
  type: 'batch_estimate',
  lines: 0,
  invalid: 0,
  tokens: { min: 0, max: 0 },
  cost_usd: { min: 0, max: 0 },
  models: [],
  invalid_lines: [],
};

/** `before` is how many lines stand before those of the piece. */
function added(sum: BatchEstimate, piece: BatchEstimate, before: number): BatchEstimate {
  const problems = piece.invalid_lines.map(({ line, message }) => ({ line: before + line, message }));
  return {
    type: 'batch_estimate',
    lines: sum.lines + piece.lines,
    invalid: sum.invalid + piece.invalid,
    tokens: plus(sum.tokens, piece.tokens),
    cost_usd: sum.cost_usd && piece.cost_usd && plus(sum.cost_usd, piece.cost_usd),
    models: modelsOf(sum, piece),
    invalid_lines: [...sum.invalid_lines, ...problems].slice(0, mostNamed),
  };
}

/** Models without a price stand alone, as in each piece. */
function modelsOf(...parts: BatchEstimate[]): string[] {
  const unpriced = parts.filter(({ cost_usd }) => cost_usd === null);
  const named = (unpriced.length > 0 ? unpriced : parts).flatMap(({ models }) => models);
  return [...new Set(named)].sort().slice(0, mostNamed);
}

type Range = BatchEstimate['tokens'];

const plus = (a: Range, b: Range): Range => ({ min: a.min + b.min, max: a.max + b.max });

const within = ({ min, max }: Range, limit: number | undefined): Range =>
  limit === undefined ? { min, max } : { min: Math.min(min, limit), max: Math.min(max, limit) };

/** As the fleet counts them: a piece ends its last line. */
function countLines(bytes: Uint8Array): number {
  const ends = bytes.reduce((count, byte) => count + (byte === 0x0a ? 1 : 0), 0);
  return bytes.at(-1) === 0x0a ? ends : ends + 1;
}
