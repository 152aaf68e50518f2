import type { Session, SessionChange } from '@mcp-fleet/core';
import { encode } from '../record-codec.ts';
import type { Database } from './database.ts';
import { type SessionRow, toSession } from './rows.ts';

const changeSession = `
  UPDATE fleet.sessions SET metadata = coalesce($3, metadata), on_busy = coalesce($4, on_busy),
    ttl_seconds = CASE WHEN $5::boolean THEN $6::int ELSE ttl_seconds END, updated_at = now()
  WHERE id = $2 AND tenant = $1 RETURNING *`;

export async function updateSession(
  database: Database,
  tenant: string,
  id: string,
  { metadata, onBusy, ttlSeconds }: SessionChange,
): Promise<Session | null> {
  const values = [
    tenant,
    id,
    metadata === undefined ? null : encode(metadata),
    onBusy ?? null,
    ttlSeconds !== undefined,
    ttlSeconds ?? null,
  ];
  const [row] = await database.flushed<SessionRow>('update_session', changeSession, values);
  return row ? toSession(row) : null;
}

const expired = `(ttl_seconds IS NOT NULL AND active_job IS NULL
  AND (updated_at AT TIME ZONE 'UTC') + ttl_seconds * interval '1 second' <= now() AT TIME ZONE 'UTC')`;

const findExpired = `
  SELECT tenant, id FROM fleet.sessions WHERE ${expired}
  ORDER BY (updated_at AT TIME ZONE 'UTC') + ttl_seconds * interval '1 second' LIMIT $1`;

export function expiredSessions(
  database: Database,
  limit: number,
): Promise<Pick<Session, 'tenant' | 'id'>[]> {
  return database.lazy('expired_sessions', findExpired, [limit]);
}

/** An accept locks the session's row as well, so that no job can come in between. */
const lockSession = `
  SELECT ${expired} AS expired FROM fleet.sessions WHERE id = $2 AND tenant = $1 FOR UPDATE`;
const findOpen = `
  SELECT 1 FROM fleet.jobs WHERE session_id = $1 AND state IN ('queued', 'running', 'waiting') LIMIT 1`;
const erasures = [
  'DELETE FROM fleet.blobs WHERE job_id IN (SELECT id FROM fleet.jobs WHERE session_id = $1)',
  'DELETE FROM fleet.approvals WHERE job_id IN (SELECT id FROM fleet.jobs WHERE session_id = $1)',
  'DELETE FROM fleet.offline_calls WHERE job_id IN (SELECT id FROM fleet.jobs WHERE session_id = $1)',
  'DELETE FROM fleet.claims WHERE job_id IN (SELECT id FROM fleet.jobs WHERE session_id = $1)',
  'DELETE FROM fleet.steps WHERE job_id IN (SELECT id FROM fleet.jobs WHERE session_id = $1)',
  'DELETE FROM fleet.jobs WHERE session_id = $1',
  'DELETE FROM fleet.sessions WHERE id = $1',
];

export async function deleteSession(
  database: Database,
  tenant: string,
  id: string,
  { onlyExpired }: { onlyExpired: boolean },
): Promise<'deleted' | 'busy' | 'absent'> {
  return database.transaction(async (client) => {
    const { rows } = await client.query<{ expired: boolean }>(lockSession, [tenant, id]);
    const [session] = rows;
    if (!session) return 'absent';
    if (onlyExpired && !session.expired) return 'busy';
    const open = await client.query(findOpen, [id]);
    if (open.rows.length > 0) return 'busy';
    for (const erase of erasures) await client.query(erase, [id]);
    return 'deleted';
  });
}
