import type { ReconcilerParts } from './parts.ts';

/** Sessions that one round deletes at most; the next round goes on. */
const most = 200;

/** Deletes sessions in which nothing has happened for as long as they are to be kept, with everything in them. */
export async function expireSessions({ store, metrics, logger }: ReconcilerParts): Promise<void> {
  for (const { tenant, id } of await store.expiredSessions(most)) {
    const outcome = await store.deleteSession(tenant, id, { onlyExpired: true });
    if (outcome !== 'deleted') continue;
    logger.info({ sessionId: id, tenant }, 'session expired');
    metrics.repaired('session_expired', 1);
  }
}
