import type { Batch } from '@mcp-fleet/core';
import type { Database } from '../database.ts';
import { absent, type LineDoc, type Move } from './batch-documents.ts';
import { batch } from './batches.ts';
import { moveLines, type Plan, type StandingBatch } from './move-lines.ts';

/** Lines of one intent, whose numbers have to fit into their batch's document. */
const pageSize = 10_000;

/** In pieces by number, so that a line that fails again meanwhile is not retried twice. */
export async function retryLines(
  database: Database,
  tenant: string,
  id: string,
  expiresAt: Date,
): Promise<Batch | null> {
  const known = await batch(database, tenant, id);
  if (known === null) return null;
  for (let after: number | undefined = 0; after !== undefined; ) {
    const from: number = after;
    const plan = await moveLines(database, id, (standing) => planRetry(database, standing, from, expiresAt));
    after = plan?.lines.at(-1);
  }
  return batch(database, tenant, id);
}

async function planRetry(
  database: Database,
  { _id, state, expires_at, deleting }: StandingBatch,
  after: number,
  expiresAt: Date,
): Promise<(Plan & { lines: number[] }) | null> {
  if (deleting || (state !== 'in_progress' && state !== 'paused' && state !== 'ended')) return null;
  const failed = await failedLines(database, _id, after);
  if (failed.length === 0) return null;
  const moves = [...Map.groupBy(failed, (line) => line.state)].map(
    ([from, lines]): Move => ({ from, to: 'waiting', lines: lines.map(({ n }) => n) }),
  );
  return {
    moves,
    where: { state, deleting: absent },
    set: {
      state: state === 'ended' ? 'in_progress' : state,
      ended_at: null,
      announced: false,
      expires_at: expires_at > expiresAt ? expires_at : expiresAt,
    },
    lines: failed.map(({ n }) => n),
  };
}

function failedLines({ lines }: Database, batchId: string, after: number): Promise<LineDoc[]> {
  const failed = {
    batch_id: batchId,
    state: { $in: ['errored' as const, 'expired' as const] },
    n: { $gt: after },
  };
  return lines
    .find(failed, { projection: { n: 1, state: 1 } })
    .sort({ n: 1 })
    .limit(pageSize)
    .toArray();
}
