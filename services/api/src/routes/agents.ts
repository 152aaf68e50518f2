import { type AgentSpec, composeAgent, FleetError, type StoredAgent } from '@mcp-fleet/core';
import { pageView } from '../pages.ts';
import type { Api, ApiParts } from '../parts.ts';
import {
  type AgentView,
  agentParams,
  agentQuery,
  agent as agentSchema,
  deletedAgent,
  saveAgent,
  settingsView,
} from '../schemas/agents.ts';
import { pageOf, pageQuery, refusals } from '../schemas/common.ts';

const tags = ['agents'];
const read = { scope: 'agents:read' } as const;
const write = { scope: 'agents:write' } as const;

/** Agents of the configuration file, which all tenants share, and those that a tenant keeps in the store. */
export function agentRoutes(app: Api, { store, agents, logger }: ApiParts): void {
  app.get(
    '/v1/agents',
    {
      config: read,
      schema: {
        tags,
        summary: 'List agents: those of the configuration file first',
        querystring: pageQuery,
        response: { 200: pageOf(agentSchema), ...refusals },
      },
    },
    async (request) => {
      const { limit, after_id } = request.query;
      const shared = after_id === undefined ? [...agents.values()].map(sharedView) : [];
      // The names of the configuration file are not a tenant's to page through.
      const after = after_id !== undefined && agents.has(after_id) ? undefined : after_id;
      const kept = await store.agents(request.caller.tenant, { limit: limit + 1, after });
      return pageView([...shared, ...kept.map(keptView)], Math.max(limit, shared.length));
    },
  );

  app.get(
    '/v1/agents/:name',
    {
      config: read,
      schema: {
        tags,
        summary: 'Read an agent, or an earlier version of it',
        params: agentParams,
        querystring: agentQuery,
        response: { 200: agentSchema, ...refusals },
      },
    },
    async (request) => {
      const { name } = request.params;
      const { version = null } = request.query;
      const shared = agents.get(name);
      if (shared && (version === null || version === shared.version)) return sharedView(shared);
      const kept = shared ? null : await store.agent(request.caller.tenant, name, version);
      if (!kept) throw notFound(name, version);
      return keptView(kept);
    },
  );

  app.put(
    '/v1/agents/:name',
    {
      config: { ...write, audit: { action: 'agent.save' } },
      schema: {
        tags,
        summary: 'Keep an agent as its next version; running jobs go on with theirs',
        params: agentParams,
        body: saveAgent,
        response: { 200: agentSchema, ...refusals },
      },
    },
    async (request) => {
      const { name } = request.params;
      const { tenant } = request.caller;
      refuseShared(name);
      const { name: _name, version: _version, ...defaults } = agents.get('default') as AgentSpec;
      const spec = composeAgent({ name, version: 1 }, defaults, request.body);
      const kept = await store.saveAgent(tenant, spec);
      logger.info(
        { agent: name, version: kept.spec.version, tenant, by: request.caller.keyId },
        'agent saved',
      );
      return keptView(kept);
    },
  );

  app.delete(
    '/v1/agents/:name',
    {
      config: { ...write, audit: { action: 'agent.delete' } },
      schema: {
        tags,
        summary: 'Delete all versions of an agent; jobs that were accepted with it still run',
        params: agentParams,
        response: { 200: deletedAgent, ...refusals },
      },
    },
    async (request) => {
      const { name } = request.params;
      refuseShared(name);
      if (!(await store.deleteAgent(request.caller.tenant, name))) throw notFound(name, null);
      return { id: name, type: 'agent_deleted' as const };
    },
  );

  function refuseShared(name: string): void {
    if (!agents.has(name)) return;
    throw new FleetError(
      'agent_is_shared',
      `The agent ${name} is the configuration file's. Change it there.`,
    );
  }
}

const notFound = (name: string, version: number | null) =>
  new FleetError(
    'not_found',
    `There is no agent ${name}${version === null ? '' : ` of version ${version}`}.`,
  );

function sharedView(spec: AgentSpec): AgentView {
  return { ...view(spec), source: 'config', created_at: null };
}

function keptView({ spec, createdAt }: StoredAgent): AgentView {
  return { ...view(spec), source: 'api', created_at: createdAt.toISOString() };
}

function view({ name, version, ...settings }: AgentSpec) {
  return { id: name, type: 'agent' as const, version, settings: settingsView(settings) };
}
