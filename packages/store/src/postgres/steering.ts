import type { Fence, FenceNews, HeldJob, JoinedQuery } from '@mcp-fleet/core';
import { decodeQuery } from '../record-codec.ts';
import type { Database } from './database.ts';

const interruptJob = `
  UPDATE fleet.jobs SET
    interrupted = true,
    wait_until = CASE WHEN state = 'waiting' AND joined IS NULL THEN now() ELSE wait_until END
  WHERE id = $2 AND tenant = $1 AND state IN ('queued', 'running', 'waiting') RETURNING id`;

export async function interrupt(database: Database, tenant: string, jobId: string): Promise<boolean> {
  return (await database.flushed('interrupt', interruptJob, [tenant, jobId])).length === 1;
}

const joinTurn = `
  WITH fenced AS (SELECT id, session_id FROM fleet.jobs WHERE id = $1 AND epoch = $2 AND state = 'running'),
  joining AS (
    UPDATE fleet.jobs j SET state = 'waiting', joined = $1, wait_until = NULL, updated_at = now()
    FROM fenced
    WHERE j.session_id = fenced.session_id AND j.steers AND j.state = 'queued' AND j.id <> $1
    RETURNING j.id, j.turn, j.query
  ),
  joined AS (
    SELECT id, turn, query FROM joining
    UNION ALL
    SELECT j.id, j.turn, j.query FROM fleet.jobs j, fenced WHERE j.joined = $1 AND j.state = 'waiting'
  )
  SELECT (SELECT count(*)::int FROM fenced) AS fenced,
    coalesce((SELECT json_agg(json_build_object('id', id, 'query', query) ORDER BY turn) FROM joined), '[]') AS joined`;

export async function join(database: Database, fence: Fence): Promise<JoinedQuery[] | 'superseded'> {
  const [row] = await database.flushed<{ fenced: number; joined: { id: string; query: string }[] }>(
    'join',
    joinTurn,
    [fence.jobId, fence.epoch],
  );
  if (row?.fenced !== 1) return 'superseded';
  return row.joined.map(({ id, query }) => ({ jobId: id, query: decodeQuery(query) }));
}

const readNews = `
  SELECT held.id, CASE
    WHEN j.id IS NULL OR j.epoch <> held.epoch OR j.state <> 'running' THEN 'lost'
    WHEN j.interrupted THEN 'interrupt'
    ELSE 'join' END AS news
  FROM unnest($1::text[], $2::int[]) AS held (id, epoch) LEFT JOIN fleet.jobs j ON j.id = held.id
  WHERE j.id IS NULL OR j.epoch <> held.epoch OR j.state <> 'running' OR j.interrupted
    OR EXISTS (
      SELECT 1 FROM fleet.jobs s
      WHERE s.session_id = j.session_id AND s.steers AND s.state = 'queued' AND s.id <> j.id)`;

export async function news(database: Database, fences: readonly HeldJob[]): Promise<FenceNews[]> {
  if (fences.length === 0) return [];
  const values = [fences.map((fence) => fence.jobId), fences.map((fence) => fence.epoch)];
  const rows = await database.lazy<{ id: string; news: FenceNews['news'] }>('news', readNews, values);
  return rows.map(({ id, news }) => ({ jobId: id, news }));
}
