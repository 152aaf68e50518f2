import { createHash } from 'node:crypto';
import type { AuditEntry, Scope } from '@mcp-fleet/core';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AuditLog } from './audit-log.ts';

/** How a route's requests stand in the audit log. */
export interface Audited {
  /** Noun and verb, such as `key.create`. */
  action: string;
  /** Keys of the body that the entry has as they are: names and decisions, never contents or secrets. */
  shows?: readonly string[];
}

declare module 'fastify' {
  interface FastifyContextConfig {
    audit?: Audited;
  }
  interface FastifyRequest {
    audited: AuditEntry | null;
  }
}

/** What is done by leave of these is written down. */
const auditedScopes = new Set<Scope | 'public'>([
  'admin',
  'operator',
  'approvals:write',
  'agents:write',
  'webhooks:write',
]);

/**
 * Writes what a request is about to do into its tenant's audit log before it is done: nothing happens without an
 * entry. One that is then refused gets a second entry, which names the first.
 */
export function auditRequests(app: FastifyInstance, log: AuditLog): void {
  app.decorateRequest('audited', null);
  app.addHook('onRoute', ({ url, method, config }) => {
    const asks =
      config?.scope !== undefined && auditedScopes.has(config.scope) && method !== 'GET' && method !== 'HEAD';
    if (asks && !config.audit) throw new Error(`${method} ${url} says nothing for the audit log`);
  });
  app.addHook('preHandler', async (request) => {
    const { audit } = request.routeOptions.config;
    if (audit)
      request.audited = await log.append({ ...entryOf(request), details: detailsOf(request, audit) });
  });
  app.addHook('onError', async (request, _reply, error) => {
    if (request.audited === null) return;
    const reason = 'code' in error ? String(error.code) : 'internal';
    const details = { of: String(request.audited.n), reason };
    await log
      .append({ ...entryOf(request), details: { ...details, outcome: 'refused' } })
      .catch((err: unknown) =>
        request.log.error({ err, ...details }, 'a refusal is missing in the audit log'),
      );
  });
}

function entryOf(request: FastifyRequest) {
  const { caller, params, routeOptions } = request;
  return {
    tenant: caller.tenant,
    actor: caller.keyId ?? 'local',
    action: routeOptions.config.audit?.action ?? '',
    target: Object.values(params as Record<string, string>).join('/'),
  };
}

function detailsOf({ id, body }: FastifyRequest, { shows = [] }: Audited): Record<string, string> {
  const sent = (body ?? {}) as Record<string, unknown>;
  const shown = shows.filter((key) => sent[key] !== undefined).map((key) => [key, textOf(sent[key])]);
  const digest = createHash('sha256').update(JSON.stringify(sent)).digest('hex');
  return { ...Object.fromEntries(shown), request_id: id, body_sha256: digest };
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
