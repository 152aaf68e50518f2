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
        data: toolset.tools.map(({ name, description, inputSchema, safety, approval = false }) => ({
          name,
          description,
          input_schema: inputSchema,
          safety,
          approval,
        })),
      };
    },
  );

  app.post(
    '/v1/tools/call',
    {
      config: { scope: 'tools:call' },
      schema: {
        tags,
        summary: 'Try a tool that needs no approval',
        body: callTool,
        response: { 200: toolOutput, ...refusals },
      },
    },
    async (request) => {
      const { name, input } = request.body;
      const tools = provider();
      const signal = AbortSignal.timeout(timeoutMs);
      if ((await tools.offered(name, signal))?.approval) throw needsApproval(name);
      const call = { name, input, idempotencyKey: newId('job'), timeoutMs };
      const output = await tools.call(call, signal);
      return { content: output.content, is_error: output.isError };
    },
  );
}

const needsApproval = (name: string) =>
  new FleetError(
    'permission_denied',
    `A call of ${name} has to be approved, and one that is only tried cannot be. Submit a job whose agent calls it: the call waits in /v1/approvals for a decision.`,
  );
