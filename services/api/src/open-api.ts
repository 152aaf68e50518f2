import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { createJsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import type { Api } from './parts.ts';

const tags = [
  { name: 'jobs', description: 'Submit queries, follow them, stop and repeat them.' },
  { name: 'batches', description: 'Jobs that are submitted together, a million if need be.' },
  { name: 'approvals', description: 'Tool calls that wait for somebody to approve them.' },
  { name: 'sessions', description: 'Lasting conversations.' },
  { name: 'agents', description: 'What jobs run with: a model, a prompt, tools, limits.' },
  { name: 'tools', description: 'The MCP tools of this process, where it has some.' },
  { name: 'webhooks', description: 'URLs that are told of what happens (Standard Webhooks).' },
  { name: 'keys', description: 'Who may call, and how much.' },
];

/** The page without what is not the fleet's own: the bar on top is for other documents, under another's name. */
const theme = {
  title: 'mcp-fleet API',
  css: [{ filename: 'fleet.css', content: '.swagger-ui .topbar { display: none }' }],
};

const transform = createJsonSchemaTransform({});
type Transform = typeof transform;

interface MediaTypes {
  content: Record<string, { schema: z.ZodType }>;
}

const hasMediaTypes = (body: unknown): body is MediaTypes =>
  typeof body === 'object' && body !== null && 'content' in body && !('_zod' in body);

/** The provider's transform knows bodies of one media type only. */
const transformWithMediaTypes: Transform = (input) => {
  const { body, ...schema } = input.schema ?? {};
  if (!hasMediaTypes(body)) return transform(input);
  const content = Object.entries(body.content).map(([type, media]) => {
    const described = transform({ ...input, schema: { ...schema, body: media.schema } });
    return [type, { schema: described.schema.body }];
  });
  const rest = transform({ ...input, schema });
  return { ...rest, schema: { ...rest.schema, body: { content: Object.fromEntries(content) } } };
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
    transform: transformWithMediaTypes,
    transformObject: jsonSchemaTransformObject,
  });
  await app.register(swaggerUi, { routePrefix: '/docs', theme });
  app.get('/openapi.json', { config: { scope: 'public' }, schema: { hide: true } }, async () =>
    app.swagger(),
  );
}
