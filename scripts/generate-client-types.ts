import { writeFileSync } from 'node:fs';
import { createApp } from '@mcp-fleet/api';
import { createLogger } from '@mcp-fleet/runtime';
import { compile } from 'json-schema-to-typescript';

const target = new URL('../packages/client/src/api-types.ts', import.meta.url);

/** The named schemas of the API's OpenAPI document as TypeScript, as the client's source has them. */
export async function clientTypes(): Promise<string> {
  // Describing the routes needs none of what they work on.
  const idle = { stop: async () => undefined };
  const parts = {
    logger: createLogger('api', 'silent'),
    authenticator: idle,
    watch: idle,
    roster: idle,
    tracing: null,
  };
  const app = await createApp(parts as never);
  await app.ready();
  const { components } = app.swagger() as { components: { schemas: Record<string, object> } };
  await app.close();
  const definitions = shared(components.schemas);
  const names = Object.keys(definitions).sort();
  const root = {
    title: 'ApiTypes',
    type: 'object',
    properties: Object.fromEntries(names.map((name) => [name, { $ref: `#/definitions/${name}` }])),
    required: names,
    additionalProperties: false,
    definitions,
  };
  const schema = JSON.parse(
    JSON.stringify(root).replaceAll(/#\/components\/schemas\/(\w+?)(Input)?"/g, '#/definitions/$1"'),
  );
  return compile(schema, 'ApiTypes', {
    bannerComment: "/** Made of the API's OpenAPI document by `npm run generate`; not to be edited. */",
    additionalProperties: false,
    unknownAny: true,
    ignoreMinAndMaxItems: true,
    style: { singleQuote: true },
  });
}

/** Bodies that a client sends; of each name the document has the form that is sent and the one that is read. */
const sent = new Set([
  'NewBatch',
  'NewJob',
  'NewSession',
  'SessionChange',
  'SessionFork',
  'NewApiKey',
  'ApprovalDecision',
  'NewWebhook',
  'WebhookChange',
  'AgentSettings',
  'NewBatch',
  'BatchLine',
  'BatchBudget',
]);

function shared(schemas: Record<string, object>): Record<string, object> {
  const names = Object.keys(schemas).filter((name) => !name.endsWith('Input'));
  return Object.fromEntries(
    names.map((name) => [name, schemas[sent.has(name) ? `${name}Input` : name] as object]),
  );
}

if (import.meta.main) writeFileSync(target, await clientTypes());
