import { FleetError } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import type { Api, ApiParts } from '../parts.ts';
import { listOf, refusals } from '../schemas/common.ts';
import { callTool, tool, toolOutput } from '../schemas/tools.ts';

const timeoutMs = 60_000;
const tags = ['tools'];

export function toolRoutes(app: Api, { tools }: ApiParts): void {
  const provider = () => {
    if (tools) return tools;
    throw new FleetError('not_found', 'This api has no tool servers of its own; the workers have them.');
  };

  app.get(
    '/v1/tools',
    {
      config: { scope: 'tools:call' },
      schema: { tags, summary: 'List the tools', response: { 200: listOf(tool), ...refusals } },
    },
    async () => {
      const toolset = await provider().list(undefined, AbortSignal.timeout(timeoutMs));
      return {
        data: toolset.tools.map(({ name, description, inputSchema, safety }) => ({
          name,
          description,
          input_schema: inputSchema,
          safety,
        })),
      };
    },
  );

  app.post(
    '/v1/tools/call',
    {
      config: { scope: 'tools:call' },
      schema: { tags, summary: 'Try a tool', body: callTool, response: { 200: toolOutput, ...refusals } },
    },
    async (request) => {
      const { name, input } = request.body;
      const call = { name, input, idempotencyKey: newId('job'), timeoutMs };
      const output = await provider().call(call, AbortSignal.timeout(timeoutMs));
      return { content: output.content, is_error: output.isError };
    },
  );
}
