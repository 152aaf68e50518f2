import { type CollectedLines, jobFormat, type NewJob, type Share, type WaitingLine } from '@mcp-fleet/core';
import { encode, encodeContext } from '../../record-codec.ts';
import type { Database } from '../database.ts';

export async function waitingLines(
  database: Database,
  batchId: string,
  limit: number,
): Promise<WaitingLine[]> {
  const text = `
    SELECT n, run, custom_id AS "customId", session_id AS "sessionId", body FROM fleet.batch_lines
    WHERE batch_id = $1 AND state = 'waiting' ORDER BY n LIMIT $2`;
  return database.lazy<WaitingLine>('waiting_lines', text, [batchId, limit]);
}

export async function unmadeLines(
  database: Database,
  batchId: string,
  limit: number,
): Promise<WaitingLine[]> {
  const text = `
    SELECT l.n, l.run, l.custom_id AS "customId", l.session_id AS "sessionId", l.body FROM fleet.batch_lines l
    WHERE l.batch_id = $1 AND l.state = 'open' AND l.session_id IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM fleet.jobs j WHERE j.id = l.job_id)
    ORDER BY l.n LIMIT $2`;
  return database.lazy<WaitingLine>('unmade_lines', text, [batchId, limit]);
}

/** A batch's jobs are announced by the end of the batch, not one by one. */
const admit = `
  WITH held AS (SELECT id FROM fleet.batches WHERE id = $1 AND state = 'in_progress' FOR UPDATE),
  asked AS (
    SELECT * FROM unnest($2::int[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
      $10::bigint[], $11::bigint[], $13::text[])
      AS a (n, job_id, session_id, agent, query, metadata, budget_cost, budget_tokens, context)
  ),
  opened AS (
    UPDATE fleet.batch_lines l SET state = 'open', job_id = asked.job_id, opened_at = now(),
      spent_cost = NULL, spent_tokens = NULL, next_cost = NULL, next_tokens = NULL
    FROM held, asked WHERE l.batch_id = held.id AND l.n = asked.n AND l.state = 'waiting'
    RETURNING l.n
  ),
  made AS (
    INSERT INTO fleet.jobs
      (id, tenant, batch_id, agent, query, metadata, budget_cost, budget_tokens, context, expires_at, format,
       announced)
    SELECT a.job_id, $8, $1, a.agent, a.query, a.metadata, a.budget_cost, a.budget_tokens, a.context, $12, $9, true
    FROM asked a JOIN opened o ON o.n = a.n WHERE a.session_id IS NULL
    ON CONFLICT (id) DO NOTHING
  ),
  counted AS (
    UPDATE fleet.batches SET waiting = waiting - o.n, open = open + o.n
    FROM (SELECT count(*)::int AS n FROM opened) o WHERE id = $1 AND o.n > 0
  )
  SELECT n FROM opened ORDER BY n`;

export async function admitLines(
  database: Database,
  batchId: string,
  lines: readonly { n: number; job: NewJob }[],
): Promise<number[]> {
  const [first] = lines;
  if (first === undefined) return [];
  const rows = await database.flushed<{ n: number }>('admit_lines', admit, [
    batchId,
    lines.map(({ n }) => n),
    lines.map(({ job }) => job.id),
    lines.map(({ job }) => job.sessionId),
    lines.map(({ job }) => encode(job.agent)),
    lines.map(({ job }) => encode(job.query)),
    lines.map(({ job }) => encode(job.metadata)),
    first.job.tenant,
    jobFormat,
    lines.map(({ job }) => job.budget.cost),
    lines.map(({ job }) => job.budget.tokens),
    first.job.expiresAt,
    lines.map(({ job }) => encodeContext(job.context)),
  ]);
  return rows.map(({ n }) => n);
}

const total = (name: string) => `coalesce(sum((ended.totals::json->>'${name}')::float8), 0)`;

/** The work is `workOf` the sums of the jobs' totals. */
const collect = `
  WITH looked AS (
    SELECT l.n, j.state, j.totals, j.id IS NULL AS lost
    FROM fleet.batch_lines l LEFT JOIN fleet.jobs j ON j.id = l.job_id
    WHERE l.batch_id = $1 AND l.state = 'open'
      AND (j.ended_at IS NOT NULL OR (j.id IS NULL AND l.opened_at < now() - $3::float8 * interval '1 millisecond'))
    ORDER BY l.n LIMIT $2 FOR UPDATE OF l SKIP LOCKED
  ),
  ended AS (
    UPDATE fleet.batch_lines l SET
      state = CASE WHEN looked.lost THEN 'waiting' WHEN looked.state = 'failed' THEN 'errored' ELSE looked.state END
    FROM looked WHERE l.batch_id = $1 AND l.n = looked.n
    RETURNING l.state, looked.totals
  ),
  summed AS (
    SELECT count(*)::int AS all_of_them,
      count(*) FILTER (WHERE state = 'waiting')::int AS waiting,
      count(*) FILTER (WHERE state = 'succeeded')::int AS succeeded,
      count(*) FILTER (WHERE state = 'errored')::int AS errored,
      count(*) FILTER (WHERE state = 'canceled')::int AS canceled,
      count(*) FILTER (WHERE state = 'expired')::int AS expired,
      ${total('inputTokens')} AS input_tokens, ${total('outputTokens')} AS output_tokens,
      ${total('cacheReadTokens')} AS cache_read_tokens, ${total('cacheWriteTokens')} AS cache_write_tokens,
      ${total('modelCalls')} AS model_calls, ${total('toolCalls')} AS tool_calls, ${total('stepMs')} AS step_ms, ${total('cost')} AS cost,
      count(*) FILTER (WHERE totals IS NOT NULL AND totals::json->>'cost' IS NULL)::int AS unpriced
    FROM ended
  ),
  counted AS (
    UPDATE fleet.batches b SET
      open = b.open - s.all_of_them, waiting = b.waiting + s.waiting,
      succeeded = b.succeeded + s.succeeded, errored = b.errored + s.errored,
      canceled = b.canceled + s.canceled, expired = b.expired + s.expired,
      input_tokens = b.input_tokens + s.input_tokens, output_tokens = b.output_tokens + s.output_tokens,
      cache_read_tokens = b.cache_read_tokens + s.cache_read_tokens,
      cache_write_tokens = b.cache_write_tokens + s.cache_write_tokens,
      model_calls = b.model_calls + s.model_calls, tool_calls = b.tool_calls + s.tool_calls,
      step_ms = b.step_ms + s.step_ms, cost = b.cost + s.cost, unpriced = b.unpriced + s.unpriced
    FROM summed s WHERE b.id = $1 AND s.all_of_them > 0
    RETURNING b.tenant, s.all_of_them - s.waiting AS ended,
      (s.input_tokens + s.output_tokens + s.cache_write_tokens + s.step_ms) / 1000 AS work
  ),
  charged AS (
    INSERT INTO fleet.shares (tenant, used) SELECT tenant, work FROM counted
    ON CONFLICT (tenant) DO UPDATE SET used = fleet.shares.used + excluded.used
  )
  SELECT ended, work FROM counted`;

export async function collectLines(
  database: Database,
  batchId: string,
  { limit, lostMs }: { limit: number; lostMs: number },
): Promise<CollectedLines> {
  const [row] = await database.flushed<CollectedLines>('collect_lines', collect, [batchId, limit, lostMs]);
  return row ?? { ended: 0, work: 0 };
}

export async function openLines(database: Database, batchId: string, limit: number): Promise<string[]> {
  const text = `
    SELECT j.id FROM fleet.batch_lines l JOIN fleet.jobs j ON j.id = l.job_id
    WHERE l.batch_id = $1 AND l.state = 'open' AND j.ended_at IS NULL ORDER BY l.n LIMIT $2`;
  return (await database.lazy<{ id: string }>('open_lines', text, [batchId, limit])).map(({ id }) => id);
}

/** The first lines are looked for once: a plan may do it again for each line, and find others behind those. */
const close = `
  WITH first AS MATERIALIZED (
    SELECT n FROM fleet.batch_lines WHERE batch_id = $1 AND state = 'waiting' ORDER BY n LIMIT $3 FOR UPDATE
  ),
  closed AS (
    UPDATE fleet.batch_lines SET state = $2 FROM first WHERE batch_id = $1 AND batch_lines.n = first.n
    RETURNING 1
  )
  UPDATE fleet.batches b SET waiting = b.waiting - c.n,
    canceled = b.canceled + CASE WHEN $2 = 'canceled' THEN c.n ELSE 0 END,
    expired = b.expired + CASE WHEN $2 = 'expired' THEN c.n ELSE 0 END
  FROM (SELECT count(*)::int AS n FROM closed) c WHERE b.id = $1 RETURNING c.n`;

export async function closeLines(
  database: Database,
  batchId: string,
  state: 'canceled' | 'expired',
  limit: number,
): Promise<number> {
  const [row] = await database.flushed<{ n: number }>('close_lines', close, [batchId, state, limit]);
  return row?.n ?? 0;
}

export async function raiseShare(database: Database, tenant: string, used: number): Promise<void> {
  const text = `
    INSERT INTO fleet.shares (tenant, used) VALUES ($1, $2)
    ON CONFLICT (tenant) DO UPDATE SET used = greatest(fleet.shares.used, excluded.used)`;
  await database.lazy('raise_share', text, [tenant, used]);
}

export async function shares(database: Database, tenants: readonly string[]): Promise<Map<string, Share>> {
  const text = `
    SELECT a.tenant, coalesce(s.used, 0)::float8 AS used, coalesce(t.weight, 1)::float8 AS weight
    FROM unnest($1::text[]) AS a (tenant)
    LEFT JOIN fleet.shares s ON s.tenant = a.tenant LEFT JOIN fleet.tenants t ON t.id = a.tenant`;
  const rows = await database.lazy<Share & { tenant: string }>('shares', text, [tenants]);
  return new Map(rows.map(({ tenant, used, weight }) => [tenant, { used, weight }]));
}
