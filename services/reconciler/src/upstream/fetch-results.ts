import type { OfflineAnswer, UpstreamBatch } from '@mcp-fleet/core';
import type { UpstreamProvider, UpstreamResult } from '@mcp-fleet/models';
import { handToJobs } from './hand-to-jobs.ts';
import type { UpstreamParts } from './upstream-parts.ts';

/** Results that are in memory at a time. */
const atOnce = 100;

/**
 * Hands the results of a batch to its jobs as they are read. One that is cut off begins anew: what was handed out
 * stays. A call that is missing in the results waits for another batch.
 */
export async function fetchResults(
  parts: UpstreamParts,
  provider: UpstreamProvider,
  batch: UpstreamBatch,
  upstreamId: string,
): Promise<void> {
  const { store, metrics, logger, stopping } = parts;
  const answered = new Set<string>();
  let answers = new Map<string, OfflineAnswer>();
  const hand = async () => {
    await handToJobs(parts, batch.id, answers);
    answers = new Map();
  };
  await provider.results(upstreamId, stopping, async (result) => {
    count(parts, result);
    answered.add(result.customId);
    answers.set(result.customId, result.answer);
    if (answers.size >= atOnce) await hand();
    return 'go on';
  });
  await hand();
  const missing = (await store.unansweredCalls(batch.id)).filter((call) => !answered.has(call.customId));
  if (missing.length > 0) {
    logger.warn({ batch: batch.id, upstreamId, missing: missing.length }, 'calls are missing in the results');
    const jobIds = missing.map((call) => call.jobId);
    await store.releaseCalls(batch.id, jobIds, 'again');
  }
  if (!(await store.moveBatch(batch.id, 'submitted', { state: 'ended' }))) return;
  metrics.upstreamBatch('ended');
  logger.info({ batch: batch.id, upstreamId, results: answered.size }, 'upstream batch ended');
}

function count({ metrics }: UpstreamParts, { type, answer }: UpstreamResult): void {
  metrics.upstreamItem(type);
  if (answer.kind === 'reply') metrics.upstreamTokens(answer.reply.usage);
}
