import type { AuditEntry } from '@mcp-fleet/core';
import type { Api, ApiParts } from '../parts.ts';
import { auditPage, auditQuery } from '../schemas/audit.ts';
import { refusals } from '../schemas/common.ts';

/** Who did what with keys, policies and approvals of the caller's tenant. */
export function auditRoutes(app: Api, { store }: ApiParts): void {
  app.get(
    '/v1/audit',
    {
      config: { scope: 'admin' },
      schema: {
        tags: ['audit'],
        summary: 'Read the audit log, newest first',
        description:
          'Entries are written before what they tell is done; a request that was then refused has a second entry. Each is chained to the one before by its hash.',
        querystring: auditQuery,
        response: { 200: auditPage, ...refusals },
      },
    },
    async (request) => {
      const { limit, before } = request.query;
      const entries = await store.auditLog(request.caller.tenant, { before, limit: limit + 1 });
      return { data: entries.slice(0, limit).map(entryView), has_more: entries.length > limit };
    },
  );
}

const entryView = (entry: AuditEntry) => ({
  type: 'audit_entry' as const,
  ...entry,
  at: entry.at.toISOString(),
});
