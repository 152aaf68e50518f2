import { type ApiKey, FleetError, fromUsd, noLimits, type Scope } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import type { Caller } from '../auth/authenticator.ts';
import { newKeyText } from '../auth/key-text.ts';
import { readPage } from '../pages.ts';
import type { Api, ApiParts } from '../parts.ts';
import { idParams, pageOf, refusals } from '../schemas/common.ts';
import {
  createKey,
  key as keySchema,
  keysQuery,
  limits as limitsSchema,
  newKey,
  rotateKey,
  tenantParams,
} from '../schemas/keys.ts';
import { keyView, limitsView } from '../views.ts';

const tags = ['keys'];
const admin = { scope: 'admin' } as const;

/** Keys of the caller's tenant, for an operator those of all; and what a tenant may have. */
export function keyRoutes(app: Api, { store, authenticator, limits, logger }: ApiParts): void {
  app.post(
    '/v1/keys',
    {
      config: {
        ...admin,
        audit: { action: 'key.create', shows: ['tenant', 'name', 'scopes', 'expires_at'] },
      },
      schema: {
        tags,
        summary: 'Make a key; its text is shown this once',
        body: createKey,
        response: { 201: newKey, ...refusals },
      },
    },
    async (request, reply) => {
      const { name, scopes, expires_at, tenant = request.caller.tenant } = request.body;
      mayGive(request.caller, tenant, scopes);
      const made = await make({ tenant, name, scopes, expiresAt: expires_at ?? null });
      logger.info({ keyId: made.id, tenant, by: request.caller.keyId }, 'key created');
      return reply.code(201).send(made);
    },
  );

  app.get(
    '/v1/keys',
    {
      config: admin,
      schema: {
        tags,
        summary: 'List keys, newest first',
        querystring: keysQuery,
        response: { 200: pageOf(keySchema), ...refusals },
      },
    },
    async (request) => {
      const { all_tenants } = request.query;
      if (all_tenants === 'true') needOperator(request.caller);
      const tenant = all_tenants === 'true' ? null : request.caller.tenant;
      return readPage(request.query, (page) => store.apiKeys(tenant, page), keyView);
    },
  );

  app.post(
    '/v1/keys/:id/revoke',
    {
      config: { ...admin, audit: { action: 'key.revoke' } },
      schema: {
        tags,
        summary: 'End a key now',
        params: idParams,
        response: { 200: keySchema, ...refusals },
      },
    },
    async (request) => {
      const key = await end(request.caller, request.params.id, new Date(), 'revoked');
      logger.info({ keyId: key.id, tenant: key.tenant, by: request.caller.keyId }, 'key revoked');
      return keyView(key);
    },
  );

  app.post(
    '/v1/keys/:id/rotate',
    {
      config: { ...admin, audit: { action: 'key.rotate', shows: ['overlap_seconds'] } },
      schema: {
        tags,
        summary: 'Make a key that takes the place of another, which still works for a while',
        params: idParams,
        body: rotateKey,
        response: { 201: newKey, ...refusals },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const known = await store.apiKey(id);
      if (!known || !mayTouch(request.caller, known)) throw noKey(id);
      mayGive(request.caller, known.tenant, known.scopes);
      const { tenant, name, scopes, expiresAt } = known;
      const made = await make({ tenant, name, scopes, expiresAt });
      const until = new Date(Date.now() + request.body.overlap_seconds * 1_000);
      await end(request.caller, id, until, 'expires');
      logger.info({ keyId: made.id, replaces: id, tenant, by: request.caller.keyId }, 'key rotated');
      return reply.code(201).send(made);
    },
  );

  app.get(
    '/v1/tenants/:tenant/limits',
    {
      config: { scope: 'operator' },
      schema: {
        tags,
        summary: 'What a tenant may have; null is without bound',
        params: tenantParams,
        response: { 200: limitsSchema, ...refusals },
      },
    },
    async (request) => limitsView(await store.limits(request.params.tenant)),
  );

  app.put(
    '/v1/tenants/:tenant/limits',
    {
      config: {
        scope: 'operator',
        audit: {
          action: 'limits.set',
          shows: ['requests_per_minute', 'queued_jobs', 'running_jobs', 'daily_cost_usd', 'weight'],
        },
      },
      schema: {
        tags,
        summary: 'Set what a tenant may have',
        params: tenantParams,
        body: limitsSchema,
        response: { 200: limitsSchema, ...refusals },
      },
    },
    async (request) => {
      const { tenant } = request.params;
      const {
        requests_per_minute,
        queued_jobs,
        running_jobs,
        daily_cost_usd = null,
        weight = noLimits.weight,
      } = request.body;
      const set = {
        requestsPerMinute: requests_per_minute,
        queuedJobs: queued_jobs,
        runningJobs: running_jobs,
        dailyCost: daily_cost_usd === null ? null : fromUsd(daily_cost_usd),
        weight,
      };
      await store.setLimits(tenant, set);
      limits.forget(tenant);
      logger.info({ tenant, by: request.caller.keyId }, 'limits set');
      return limitsView(set);
    },
  );

  async function make(key: Pick<ApiKey, 'tenant' | 'name' | 'scopes' | 'expiresAt'>) {
    const id = newId('key');
    const { text, hash } = newKeyText(id);
    return { ...keyView(await store.createKey({ ...key, id, hash })), key: text };
  }

  async function end(caller: Caller, id: string, at: Date, how: 'expires' | 'revoked'): Promise<ApiKey> {
    const key = await store.endKey(caller.scopes.has('operator') ? null : caller.tenant, id, at, how);
    if (!key) throw noKey(id);
    authenticator.forget(id);
    return key;
  }
}

/** A key cannot make another that may do more than itself. */
function mayGive(caller: Caller, tenant: string, scopes: readonly Scope[]): void {
  if (tenant !== caller.tenant) needOperator(caller);
  if (caller.scopes.has('operator')) return;
  const lacking = scopes.filter((scope) => !caller.scopes.has(scope));
  if (lacking.length === 0) return;
  throw new FleetError(
    'permission_denied',
    `The key lacks ${lacking.join(', ')}, and cannot give it to another.`,
  );
}

const mayTouch = (caller: Caller, key: ApiKey) =>
  caller.scopes.has('operator') || key.tenant === caller.tenant;

function needOperator(caller: Caller): void {
  if (caller.scopes.has('operator')) return;
  throw new FleetError('permission_denied', 'Keys of other tenants need the scope operator.');
}

const noKey = (id: string) => new FleetError('not_found', `There is no key ${id}.`);
