import type { LineResult, LineState } from '@mcp-fleet/core';
import { decodeStep } from '../../record-codec.ts';
import type { Database } from '../database.ts';
import { type JobRow, toJob } from '../rows.ts';

/** The last reply of a job is its last step in slot 0. */
const read = (which: string) => `
  SELECT l.n, l.custom_id, l.state AS line_state, l.problem, j.*, r.body AS reply
  FROM fleet.batch_lines l
  LEFT JOIN fleet.jobs j ON j.id = l.job_id
  LEFT JOIN LATERAL (
    SELECT body FROM fleet.steps s WHERE s.job_id = j.id AND s.slot = 0 ORDER BY round DESC LIMIT 1
  ) r ON true
  WHERE l.batch_id = $1 AND l.n > $2 ${which} ORDER BY l.n LIMIT $3`;

const readAll = read('');
const readEnded = read(`AND l.state NOT IN ('waiting', 'open')`);

type ResultRow = { n: number; custom_id: string | null; line_state: LineState; problem: string | null } & (
  | (JobRow & { reply: string | null })
  | { id: null }
);

export async function lineResults(
  database: Database,
  batchId: string,
  { after, limit, ended }: { after: number; limit: number; ended: boolean },
): Promise<LineResult[]> {
  const values = [batchId, after, limit];
  const rows = ended
    ? await database.lazy<ResultRow>('ended_lines', readEnded, values)
    : await database.lazy<ResultRow>('line_results', readAll, values);
  return rows.map((row) => ({
    n: row.n,
    customId: row.custom_id,
    state: row.line_state,
    problem: row.problem,
    job: row.id === null ? null : toJob(row),
    reply: row.id === null || row.reply === null ? null : replyOf(row.reply),
  }));
}

function replyOf(body: string): LineResult['reply'] {
  const step = decodeStep(body);
  return step.kind === 'reply' ? step : null;
}
