import type { LineResult, LineState } from '@mcp-fleet/core';
import { decodeStep } from '../../record-codec.ts';
import type { Database } from '../database.ts';
import { type JobDoc, toJob } from '../documents.ts';
import { readLastReplies } from '../read-record.ts';
import { lineKey } from './batch-documents.ts';

const unended: LineState[] = ['waiting', 'open'];

export async function lineResults(
  database: Database,
  batchId: string,
  { after, limit, ended }: { after: number; limit: number; ended: boolean },
): Promise<LineResult[]> {
  const { batches, lines } = database;
  const behind = { $gt: lineKey(batchId, after), $lt: `${batchId}/:` };
  const [batch, found] = await Promise.all([
    batches.findOne({ _id: batchId }, { projection: { last_line: 1 } }),
    lines
      .find({ _id: behind, ...(ended ? { state: { $nin: unended } } : {}) }, { projection: { body: 0 } })
      .sort({ _id: 1 })
      .limit(limit)
      .toArray(),
  ]);
  const lastLine = batch?.last_line ?? 0;
  const page = found.filter(({ n }) => n <= lastLine);
  const ids = page.flatMap(({ job_id }) => job_id ?? []);
  const [jobs, replies] = await Promise.all([jobsOf(database, ids), readLastReplies(database, ids)]);
  return page.map(({ n, custom_id, state, problem, job_id = '' }) => {
    const job = jobs.get(job_id);
    return {
      n,
      customId: custom_id ?? null,
      state,
      problem,
      job: job === undefined ? null : toJob(job),
      reply: job === undefined ? null : replyOf(replies.get(job_id)),
    };
  });
}

async function jobsOf({ jobs }: Database, ids: string[]): Promise<Map<string, JobDoc>> {
  const found = ids.length === 0 ? [] : await jobs.find({ _id: { $in: ids } }).toArray();
  return new Map(found.map((job) => [job._id, job]));
}

function replyOf(body: string | undefined): LineResult['reply'] {
  const step = body === undefined ? null : decodeStep(body);
  return step?.kind === 'reply' ? step : null;
}
