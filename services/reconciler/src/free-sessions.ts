import type { ReconcilerParts } from './parts.ts';

const most = 1_000;

/** Passes on sessions that an ended job holds, and frees queries that joined a turn which ended without them. */
export async function freeSessions({ store, queue, metrics }: ReconcilerParts): Promise<void> {
  const joined = await store.freeJoined(most);
  metrics.repaired('joined_query_freed', joined.length);
  const freed = await store.freeSessions(most);
  metrics.repaired('session_freed', freed.length);
  await queue.addMany([...joined, ...freed].map((jobId) => ({ jobId })));
}
