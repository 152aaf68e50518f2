import type { Session, SessionChange } from '@mcp-fleet/core';
import { encode } from '../record-codec.ts';
import type { Database } from './database.ts';
import { type SessionRow, toSession } from './rows.ts';

const changeSession = `
  UPDATE fleet.sessions SET metadata = coalesce($3, metadata), on_busy = coalesce($4, on_busy), updated_at = now()
  WHERE id = $2 AND tenant = $1 RETURNING *`;

export async function updateSession(
  database: Database,
  tenant: string,
  id: string,
  { metadata, onBusy }: SessionChange,
): Promise<Session | null> {
  const values = [tenant, id, metadata === undefined ? null : encode(metadata), onBusy ?? null];
  const [row] = await database.flushed<SessionRow>('update_session', changeSession, values);
  return row ? toSession(row) : null;
}

/** An accept locks the session's row as well, so that no job can come in between. */
const lockSession = 'SELECT id FROM fleet.sessions WHERE id = $2 AND tenant = $1 FOR UPDATE';
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
): Promise<'deleted' | 'busy' | 'absent'> {
  return database.transaction(async (client) => {
    const { rows } = await client.query(lockSession, [tenant, id]);
    if (rows.length === 0) return 'absent';
    const open = await client.query(findOpen, [id]);
    if (open.rows.length > 0) return 'busy';
    for (const erase of erasures) await client.query(erase, [id]);
    return 'deleted';
  });
}
