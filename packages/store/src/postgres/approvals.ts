import {
  type Approval,
  type ApprovalFilter,
  type Decided,
  type Fence,
  jobFormat,
  type NewApproval,
  type Page,
  parseApprovalId,
  type RequestedApproval,
  type Verdict,
} from '@mcp-fleet/core';
import { expiry, type StoredApproval, toApproval } from '../approval-codec.ts';
import { encode } from '../record-codec.ts';
import type { Database } from './database.ts';

/**
 * `decided` is taken back before the approvals are read, in a statement of its own: a decision that comes later
 * sets it again, and the job does not park for long. Locks are taken on the job first, here and in `decide`.
 */
const insertApprovals = `
  WITH fenced AS (
    UPDATE fleet.jobs SET decided = false, format = greatest(format, $9)
    WHERE id = $1 AND epoch = $2 AND state = 'running' RETURNING id, tenant
  ),
  asked AS (
    SELECT * FROM unnest($3::int[], $4::int[], $5::text[], $6::text[], $7::text[], $8::float8[])
      AS a (round, slot, tool_use_id, tool, input, expires_ms)
  ),
  created AS (
    INSERT INTO fleet.approvals (job_id, tenant, round, slot, tool_use_id, tool, input, expires_at)
    SELECT fenced.id, fenced.tenant, asked.round, asked.slot, asked.tool_use_id, asked.tool, asked.input,
      now() + asked.expires_ms * interval '1 millisecond'
    FROM fenced, asked
    ON CONFLICT DO NOTHING
    RETURNING round, slot
  ),
  expired AS (
    UPDATE fleet.approvals a SET decision = $10, decided_at = a.expires_at FROM fenced
    WHERE a.job_id = fenced.id AND a.decision IS NULL AND a.expires_at <= now()
  )
  SELECT (SELECT count(*)::int FROM fenced) AS fenced,
    coalesce((SELECT json_agg(created) FROM created), '[]'::json) AS created`;

const readOfJob = `
  SELECT a.*, (extract(epoch FROM a.expires_at - now()) * 1000)::float8 AS left_ms
  FROM fleet.approvals a WHERE a.job_id = $1`;

export async function requestApprovals(
  database: Database,
  fence: Fence,
  requests: readonly NewApproval[],
): Promise<RequestedApproval[] | 'superseded'> {
  type Written = { fenced: number; created: { round: number; slot: number }[] };
  const [written] = await database.flushed<Written>('request_approvals', insertApprovals, [
    fence.jobId,
    fence.epoch,
    requests.map((request) => request.round),
    requests.map((request) => request.slot),
    requests.map((request) => encode(request.toolUseId)),
    requests.map((request) => request.tool),
    requests.map((request) => encode(request.input)),
    requests.map((request) => request.expiresMs),
    jobFormat,
    expiry,
  ]);
  if (written?.fenced !== 1) return 'superseded';
  type Row = StoredApproval & { left_ms: number };
  const rows = await database.lazy<Row>('approvals_of_job', readOfJob, [fence.jobId]);
  return requests.flatMap(({ round, slot }) => {
    const row = rows.find((other) => other.round === round && other.slot === slot);
    if (!row) return [];
    const created = written.created.some((other) => other.round === round && other.slot === slot);
    return [{ ...toApproval(row), created, leftMs: Math.ceil(row.left_ms) }];
  });
}

const list = (only: string) => `
  SELECT a.* FROM fleet.approvals a
  WHERE a.tenant = $1 AND ($2::text IS NULL OR (a.job_id, a.round, a.slot) < ($2, $3::int, $4::int))
    AND ($5::text IS NULL OR a.job_id = $5) AND ($6::int IS NULL OR (a.round, a.slot) = ($6, $7::int)) ${only}
  ORDER BY a.job_id DESC, a.round DESC, a.slot DESC LIMIT $8`;

const listAll = list('');
const listPending = list(`AND a.decision IS NULL AND a.expires_at > now()
    AND EXISTS (SELECT 1 FROM fleet.jobs j WHERE j.id = a.job_id AND j.state IN ('queued', 'running', 'waiting'))`);

export async function approvals(
  database: Database,
  tenant: string,
  filter: ApprovalFilter,
  page: Page,
): Promise<Approval[]> {
  const after = page.after === undefined ? null : parseApprovalId(page.after);
  const values = [
    tenant,
    after?.jobId ?? null,
    after?.round ?? null,
    after?.slot ?? null,
    filter.jobId ?? null,
    filter.at?.round ?? null,
    filter.at?.slot ?? null,
    page.limit,
  ];
  const rows = filter.pending
    ? await database.lazy<StoredApproval>('pending_approvals', listPending, values)
    : await database.lazy<StoredApproval>('approvals', listAll, values);
  return rows.map(toApproval);
}

const newest = `
  SELECT * FROM fleet.approvals WHERE tenant = $1 AND job_id = $2 AND tool_use_id = $3
  ORDER BY round DESC, slot DESC LIMIT 1`;

export async function approval(
  database: Database,
  tenant: string,
  jobId: string,
  toolUseId: string,
): Promise<Approval | null> {
  const values = [tenant, jobId, encode(toolUseId)];
  const [row] = await database.lazy<StoredApproval>('approval', newest, values);
  return row ? toApproval(row) : null;
}

/** The verdict, or the expiry that it comes too late for, and the waking of the job in one statement. */
const decideOnce = `
  WITH target AS (${newest}),
  woken AS (
    UPDATE fleet.jobs j SET decided = true,
      wait_until = CASE WHEN j.state = 'waiting' AND j.wait_reason = 'approval' THEN least(j.wait_until, now())
                        ELSE j.wait_until END
    FROM target
    WHERE j.id = target.job_id AND target.decision IS NULL AND j.state IN ('queued', 'running', 'waiting')
    RETURNING j.id
  )
  UPDATE fleet.approvals a SET
    decision = CASE WHEN a.expires_at > now() THEN $4::text ELSE $5 END,
    decided_at = least(a.expires_at, now())
  FROM target, woken
  WHERE a.job_id = woken.id AND a.round = target.round AND a.slot = target.slot AND a.decision IS NULL
  RETURNING a.*`;

export async function decide(
  database: Database,
  tenant: string,
  jobId: string,
  toolUseId: string,
  verdict: Verdict,
): Promise<Decided | null> {
  const values = [tenant, jobId, encode(toolUseId), encode(verdict), expiry];
  const [row] = await database.flushed<StoredApproval>('decide', decideOnce, values);
  if (row) {
    return { kind: row.decision === expiry ? 'already' : 'decided', approval: toApproval(row) };
  }
  const standing = await approval(database, tenant, jobId, toolUseId);
  if (standing === null) return null;
  return { kind: standing.decision === null ? 'ended' : 'already', approval: standing };
}
