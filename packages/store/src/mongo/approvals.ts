import {
  type Approval,
  type ApprovalFilter,
  approvalWait,
  type Decided,
  type Fence,
  jobFormat,
  type NewApproval,
  type Page,
  parseApprovalId,
  type RequestedApproval,
  type Verdict,
} from '@mcp-fleet/core';
import type { Filter } from 'mongodb';
import { expiry, toApproval } from '../approval-codec.ts';
import { encode } from '../record-codec.ts';
import { type Database, flushed, insertNew } from './database.ts';
import { type ApprovalDoc, positionKey, unended } from './documents.ts';

/**
 * `decided` is taken back before the approvals are read: a decision that comes later sets it again, and the job
 * does not park for long.
 */
export async function requestApprovals(
  database: Database,
  fence: Fence,
  requests: readonly NewApproval[],
): Promise<RequestedApproval[] | 'superseded'> {
  const { approvals, jobs, clock } = database;
  const job = await jobs.findOneAndUpdate(
    { _id: fence.jobId, epoch: fence.epoch, state: 'running' },
    { $unset: { decided: true }, $max: { format: jobFormat } },
    { ...flushed, projection: { tenant: 1 } },
  );
  if (job === null) return 'superseded';
  const now = clock.now();
  const docs = requests.map((request) => newDoc(fence.jobId, job.tenant, request, now));
  const keys = docs.map((doc) => doc._id);
  const known = new Set(await approvals.distinct('_id', { _id: { $in: keys } }));
  const missing = docs.filter((doc) => !known.has(doc._id));
  await approvals.updateMany(
    { _id: { $in: keys }, decision: null, expires_at: { $lte: now } },
    [{ $set: { decision: { $literal: expiry }, decided_at: '$expires_at' } }],
    flushed,
  );
  await insertNew(approvals, missing, flushed);
  const standing = new Map(
    (await approvals.find({ _id: { $in: keys } }).toArray()).map((doc) => [doc._id, doc]),
  );
  return docs.flatMap(({ _id }) => {
    const doc = standing.get(_id);
    if (!doc) return [];
    return [
      { ...toApproval(doc), created: !known.has(_id), leftMs: doc.expires_at.getTime() - now.getTime() },
    ];
  });
}

function newDoc(jobId: string, tenant: string, request: NewApproval, now: Date): ApprovalDoc {
  const { round, slot, toolUseId, tool, input, expiresMs } = request;
  return {
    _id: positionKey(jobId, request),
    job_id: jobId,
    round,
    slot,
    tenant,
    tool_use_id: encode(toolUseId),
    tool,
    input: encode(input),
    requested_at: now,
    expires_at: new Date(now.getTime() + expiresMs),
    decision: null,
    decided_at: null,
  };
}

export async function approvals(
  database: Database,
  tenant: string,
  { jobId, pending, at }: ApprovalFilter,
  page: Page,
): Promise<Approval[]> {
  const filter: Filter<ApprovalDoc> = { tenant, ...(jobId === undefined ? {} : { job_id: jobId }) };
  if (at) Object.assign(filter, { round: at.round, slot: at.slot });
  if (pending) Object.assign(filter, { decision: null, expires_at: { $gt: database.clock.now() } });
  const found: ApprovalDoc[] = [];
  let after = page.after === undefined ? null : keyOf(page.after);
  while (found.length < page.limit) {
    const behind = after === null ? {} : { _id: { $lt: after } };
    const size = page.limit - found.length;
    const docs = await database.approvals
      .find({ ...filter, ...behind })
      .sort({ _id: -1 })
      .limit(size)
      .toArray();
    found.push(...(pending ? await ofUnended(database, docs) : docs));
    if (docs.length < size) break;
    after = docs.at(-1)?._id ?? null;
  }
  return found.map(toApproval);
}

function keyOf(id: string): string {
  const at = parseApprovalId(id);
  return positionKey(at.jobId, at);
}

async function ofUnended({ jobs }: Database, docs: ApprovalDoc[]): Promise<ApprovalDoc[]> {
  const ids = [...new Set(docs.map((doc) => doc.job_id))];
  const open = new Set(await jobs.distinct('_id', { _id: { $in: ids }, state: unended }));
  return docs.filter((doc) => open.has(doc.job_id));
}

export async function approval(
  database: Database,
  tenant: string,
  jobId: string,
  toolUseId: string,
): Promise<Approval | null> {
  const doc = await newest(database, tenant, jobId, toolUseId);
  return doc ? toApproval(doc) : null;
}

function newest({ approvals }: Database, tenant: string, jobId: string, toolUseId: string) {
  return approvals.findOne({ tenant, job_id: jobId, tool_use_id: encode(toolUseId) }, { sort: { _id: -1 } });
}

/**
 * The verdict first, then the job: one that parks between the two is made due by the second. A crash in between
 * is made good by asking again.
 */
export async function decide(
  database: Database,
  tenant: string,
  jobId: string,
  toolUseId: string,
  verdict: Verdict,
): Promise<Decided | null> {
  const { approvals, jobs, clock } = database;
  const target = await newest(database, tenant, jobId, toolUseId);
  if (target === null) return null;
  const open = (await jobs.findOne({ _id: jobId, state: unended }, { projection: { _id: 1 } })) !== null;
  if (!open) return { kind: target.decision === null ? 'ended' : 'already', approval: toApproval(target) };
  const now = clock.now();
  const change =
    target.expires_at > now
      ? { decision: encode(verdict), decided_at: now }
      : { decision: expiry, decided_at: target.expires_at };
  const decided = await approvals.updateOne({ _id: target._id, decision: null }, { $set: change }, flushed);
  await wake(database, jobId);
  const standing = (await approvals.findOne({ _id: target._id })) ?? target;
  const kind = decided.matchedCount === 1 && change.decision !== expiry ? 'decided' : 'already';
  return { kind, approval: toApproval(standing) };
}

async function wake({ jobs, clock }: Database, jobId: string): Promise<void> {
  await jobs.updateOne({ _id: jobId, state: unended }, { $set: { decided: true } }, flushed);
  await jobs.updateOne(
    { _id: jobId, state: 'waiting', wait_reason: approvalWait },
    { $min: { wait_until: clock.now() } },
    flushed,
  );
}
