import { type Approval, approvalId, FleetError, type Verdict } from '@mcp-fleet/core';
import type { z } from 'zod';
import type { Caller } from '../auth/authenticator.ts';
import { readPage } from '../pages.ts';
import type { Api, ApiParts } from '../parts.ts';
import {
  type ApprovalView,
  approvalParams,
  approval as approvalSchema,
  approvalsQuery,
  decide,
} from '../schemas/approvals.ts';
import { pageOf, refusals } from '../schemas/common.ts';
import { wake } from '../wake.ts';

const tags = ['approvals'];

/** Tool calls that wait for somebody's approval, and the decisions about them. */
export function approvalRoutes(app: Api, parts: ApiParts): void {
  const { store, logger } = parts;

  app.get(
    '/v1/approvals',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags,
        summary: 'List approvals, newest job first',
        querystring: approvalsQuery,
        response: { 200: pageOf(approvalSchema), ...refusals },
      },
    },
    async (request) => {
      const { job_id, pending } = request.query;
      const { tenant } = request.caller;
      const filter = { jobId: job_id, ...(pending === 'true' ? { pending: true } : {}) };
      return readPage(request.query, (page) => store.approvals(tenant, filter, page), approvalView);
    },
  );

  app.get(
    '/v1/jobs/:id/approvals/:tool_use_id',
    {
      config: { scope: 'jobs:read' },
      schema: {
        tags,
        summary: 'Read the approval of a call',
        params: approvalParams,
        response: { 200: approvalSchema, ...refusals },
      },
    },
    async (request) => {
      const { id, tool_use_id } = request.params;
      const approval = await store.approval(request.caller.tenant, id, tool_use_id);
      if (!approval) throw noApproval(id, tool_use_id);
      return approvalView(approval);
    },
  );

  app.post(
    '/v1/jobs/:id/approvals/:tool_use_id',
    {
      config: {
        scope: 'approvals:write',
        audit: { action: 'approval.decide', shows: ['decision', 'decided_by'] },
      },
      schema: {
        tags,
        summary: 'Approve a call, with other arguments if need be, or deny it',
        description: 'The first decision counts; a later one, and one after the expiry, is a conflict.',
        params: approvalParams,
        body: decide,
        response: { 200: approvalSchema, ...refusals },
      },
    },
    async (request) => {
      const { id, tool_use_id } = request.params;
      const { tenant } = request.caller;
      const asked = await store.approval(tenant, id, tool_use_id);
      const verdict = asked && verdictOf(request.body, asked, request.caller);
      const decided = verdict && (await store.decide(tenant, id, tool_use_id, verdict));
      if (!verdict || !decided) throw noApproval(id, tool_use_id);
      const { kind, approval } = decided;
      if (kind !== 'decided') throw tooLate(kind, approval);
      logger.info(
        { jobId: id, tenant, tool: approval.tool, decision: verdict.kind, by: verdict.by },
        'approval decided',
      );
      await wake(parts, id);
      return approvalView(approval);
    },
  );
}

function verdictOf(body: z.infer<typeof decide>, { input }: Approval, caller: Caller): Verdict {
  const key = caller.keyId ?? 'a caller without a key';
  const by = body.decided_by === undefined ? key : `${body.decided_by} (${key})`;
  if (body.decision === 'deny') return { kind: 'denied', reason: body.reason, by };
  return { kind: 'approved', input: body.input ?? input, by };
}

function approvalView(approval: Approval): ApprovalView {
  const { decision } = approval;
  return {
    id: approvalId(approval),
    type: 'approval',
    job_id: approval.jobId,
    tool_use_id: approval.toolUseId,
    tool: approval.tool,
    input: approval.input,
    state: decision?.kind ?? 'pending',
    approved_input: decision?.kind === 'approved' ? decision.input : null,
    reason: decision?.kind === 'denied' ? decision.reason : null,
    decided_by: decision === null || decision.kind === 'expired' ? null : decision.by,
    decided_at: decision?.at.toISOString() ?? null,
    requested_at: approval.requestedAt.toISOString(),
    expires_at: approval.expiresAt.toISOString(),
  };
}

const noApproval = (id: string, toolUseId: string) =>
  new FleetError('not_found', `Job ${id} has no call ${toolUseId} that needs an approval.`);

function tooLate(kind: 'already' | 'ended', { jobId, decision }: Approval): FleetError {
  const why =
    kind === 'ended'
      ? `Job ${jobId} has ended without it.`
      : decision === null || decision.kind === 'expired'
        ? `It expired before anybody had decided.`
        : `It was ${decision.kind} by ${decision.by}.`;
  return new FleetError('approval_settled', `The approval cannot be decided any more. ${why}`);
}
