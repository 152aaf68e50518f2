import type { UpstreamBatch, UpstreamState } from '@mcp-fleet/core';
import type { Database } from './database.ts';

interface BatchRow {
  id: string;
  model: string;
  state: UpstreamState;
  upstream_id: string | null;
  requests: number | null;
  sent_at: Date | null;
  sent_for_ms: number | null;
}

const readOpen = `
  SELECT id, model, state, upstream_id, requests, sent_at, (extract(epoch FROM now() - sent_at) * 1000)::float8 AS sent_for_ms
  FROM fleet.upstream_batches WHERE state IN ('claimed', 'sending', 'submitted', 'returning') ORDER BY id`;

export async function openBatches(database: Database): Promise<UpstreamBatch[]> {
  const rows = await database.lazy<BatchRow>('open_batches', readOpen, []);
  return rows.map((row) => ({
    id: row.id,
    model: row.model,
    state: row.state,
    upstreamId: row.upstream_id,
    requests: row.requests,
    sentAt: row.sent_at,
    sentForMs: row.sent_for_ms,
  }));
}

const move = `
  UPDATE fleet.upstream_batches SET
    state = $3, upstream_id = coalesce($4, upstream_id), requests = coalesce($5, requests),
    sent_at = CASE WHEN $3 = 'sending' THEN now() ELSE sent_at END,
    ended_at = CASE WHEN $3 IN ('ended', 'not_created') THEN now() ELSE ended_at END
  WHERE id = $1 AND state = $2 RETURNING 1 AS moved`;

export async function moveBatch(
  database: Database,
  id: string,
  from: UpstreamState,
  to: { state: UpstreamState; upstreamId?: string; requests?: number },
): Promise<boolean> {
  const values = [id, from, to.state, to.upstreamId ?? null, to.requests ?? null];
  return (await database.flushed('move_batch', move, values)).length === 1;
}

const readRecorded = 'SELECT upstream_id FROM fleet.upstream_batches WHERE upstream_id = ANY($1)';

export async function recordedBatches(database: Database, upstreamIds: readonly string[]): Promise<string[]> {
  const rows = await database.lazy<{ upstream_id: string }>('recorded_batches', readRecorded, [upstreamIds]);
  return rows.map((row) => row.upstream_id);
}

const readDurations = `
  SELECT (extract(epoch FROM ended_at - began_at) * 1000)::float8 AS ms FROM fleet.upstream_batches
  WHERE state = 'ended' ORDER BY ended_at DESC LIMIT $1`;

export async function upstreamDurations(database: Database, limit: number): Promise<number[]> {
  const rows = await database.lazy<{ ms: number }>('upstream_durations', readDurations, [limit]);
  return rows.map((row) => row.ms);
}
