import { FleetError } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import type { FastifyInstance } from 'fastify';
import { parse } from '../errors.ts';
import type { ApiParts } from '../parts.ts';
import { callTool } from '../schemas.ts';

const timeoutMs = 60_000;

export function toolRoutes(app: FastifyInstance, { tools }: ApiParts): void {
  const provider = () => {
    if (tools) return tools;
    throw new FleetError('not_found', 'This api has no tool servers of its own; the workers have them.');
  };

  app.get('/v1/tools', async () => {
    const toolset = await provider().list(undefined, AbortSignal.timeout(timeoutMs));
    return {
      data: toolset.tools.map(({ name, description, inputSchema, safety }) => ({
        name,
        description,
        input_schema: inputSchema,
        safety,
      })),
    };
  });

  app.post('/v1/tools/call', async (request) => {
    const { name, input } = parse(callTool, request.body, 'body');
    const call = { name, input, idempotencyKey: newId('job'), timeoutMs };
    const output = await provider().call(call, AbortSignal.timeout(timeoutMs));
    return { content: output.content, is_error: output.isError };
  });
}
