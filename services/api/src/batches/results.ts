import type { BatchStore, LineResult } from '@mcp-fleet/core';
import { stringify } from 'csv-stringify/sync';
import type { BatchResultView } from '../schemas/batches.ts';
import { resultView } from './batch-views.ts';

const defaultPageSize = 500;

/** The results of a batch as pages of text, one of which is in memory at a time. */
export async function* resultPages(
  store: Pick<BatchStore, 'lineResults'>,
  batchId: string,
  from: { after: number; ended: boolean },
  write: (lines: LineResult[]) => string,
  pageSize = defaultPageSize,
): AsyncGenerator<string> {
  for (let { after } = from; ; ) {
    const lines = await store.lineResults(batchId, { after, limit: pageSize, ended: from.ended });
    const last = lines.at(-1);
    if (last === undefined) return;
    yield write(lines);
    if (lines.length < pageSize) return;
    after = last.n;
  }
}

export const toJsonLines = (lines: LineResult[]): string =>
  lines.map((line) => `${JSON.stringify(resultView(line))}\n`).join('');

const columns = {
  line: (row: BatchResultView) => row.line,
  custom_id: (row: BatchResultView) => row.custom_id,
  state: (row: BatchResultView) => row.state,
  answer: (row: BatchResultView) => row.answer,
  error_type: (row: BatchResultView) => row.error?.type,
  error_message: (row: BatchResultView) => row.error?.message,
  input_tokens: (row: BatchResultView) => row.usage?.input_tokens,
  output_tokens: (row: BatchResultView) => row.usage?.output_tokens,
  cost_usd: (row: BatchResultView) => row.usage?.cost_usd,
  job_id: (row: BatchResultView) => row.job_id,
  session_id: (row: BatchResultView) => row.session_id,
  ended_at: (row: BatchResultView) => row.ended_at,
};

// Answers come from models: a spreadsheet must not take one for a formula.
const csv = { escape_formulas: true };

export const csvHeader = stringify([Object.keys(columns)], csv);

export const toCsv = (lines: LineResult[]): string =>
  stringify(
    lines.map(resultView).map((row) => Object.values(columns).map((column) => column(row))),
    csv,
  );
