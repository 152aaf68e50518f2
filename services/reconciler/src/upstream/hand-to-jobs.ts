import type { OfflineAnswer } from '@mcp-fleet/core';
import type { UpstreamParts } from './upstream-parts.ts';

/** Hands answers to the jobs that wait for them, and makes those due. */
export async function handToJobs(
  { store, queue }: Pick<UpstreamParts, 'store' | 'queue'>,
  batchId: string,
  answers: ReadonlyMap<string, OfflineAnswer>,
): Promise<void> {
  if (answers.size === 0) return;
  const due = await store.answerCalls(batchId, answers);
  await queue.addMany(due.map((jobId) => ({ jobId })));
  await queue.promote(due);
}
