import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { describeRoutes } from './describe-routes.ts';
import type { Api } from './parts.ts';

const tags = [
  { name: 'overview', description: 'How the fleet does.' },
  { name: 'jobs', description: 'Submit queries, follow them, stop and repeat them.' },
  { name: 'batches', description: 'Jobs that are submitted together, a million if need be.' },
  { name: 'messages', description: "Anthropic's Messages API and its batches, for its official clients." },
  { name: 'approvals', description: 'Tool calls that wait for somebody to approve them.' },
  { name: 'sessions', description: 'Lasting conversations.' },
  { name: 'agents', description: 'What jobs run with: a model, a prompt, tools, limits.' },
  { name: 'tools', description: 'The MCP tools of this process, where it has some.' },
  { name: 'webhooks', description: 'URLs that are told of what happens (Standard Webhooks).' },
  { name: 'keys', description: 'Who may call, and how much.' },
  { name: 'audit', description: 'Who did what with keys, policies and approvals.' },
];

/** The page without what is not the fleet's own: the bar on top is for other documents, under another's name. */
const theme = {
  title: 'mcp-fleet API',
  css: [{ filename: 'fleet.css', content: '.swagger-ui .topbar { display: none }' }],
};

/** Describes every route that is registered after it at `/openapi.json`, and shows it at `/docs`. */
export async function describeApi(app: Api): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'mcp-fleet',
        version: '1',
        description: 'LLM agent jobs from a queue: submit a query, wait for its end, read what it did.',
      },
      tags,
      components: {
        securitySchemes: {
          key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
          bearer: { type: 'http', scheme: 'bearer' },
        },
      },
      security: [{ key: [] }, { bearer: [] }, {}],
    },
    transform: describeRoutes,
    transformObject: jsonSchemaTransformObject,
  });
  await app.register(swaggerUi, { routePrefix: '/docs', theme });
  app.get('/openapi.json', { config: { scope: 'public' }, schema: { hide: true } }, async () =>
    app.swagger(),
  );
}
