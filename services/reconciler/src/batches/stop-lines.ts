import { type Batch, endJob } from '@mcp-fleet/core';
import type { ReconcilerParts } from '../parts.ts';

/** Waiting lines that are ended in one statement, and open ones in one round. */
const mostWaiting = 20_000;
const mostOpen = 500;

/** Ends lines that wait, and the jobs of those that are open. Returns how many; the next round goes on. */
export async function stopLines(
  { store, queue, signals }: ReconcilerParts,
  batch: Batch,
  state: 'canceled' | 'expired',
): Promise<number> {
  const closed = await store.closeLines(batch.id, state, mostWaiting);
  const jobIds = await store.openLines(batch.id, mostOpen);
  const running: string[] = [];
  const next: string[] = [];
  for (const jobId of jobIds) {
    const ended = await endJob(store, batch.tenant, jobId, { state, error: null });
    if (ended.kind !== 'ended') continue;
    if (ended.wasRunning) running.push(jobId);
    if (ended.next !== null) next.push(ended.next);
  }
  if (running.length > 0) await signals.publish({ kind: 'stop', jobIds: running });
  await queue.addMany(next.map((jobId) => ({ jobId })));
  return closed + jobIds.length;
}
