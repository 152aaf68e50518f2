import {
  type ContentBlock,
  type ContextStore,
  type FileInfo,
  FleetError,
  fileInfo,
  type ResultStep,
  resultFile,
} from '@mcp-fleet/core';
import { z } from 'zod';
import type { Api, ApiParts } from '../parts.ts';
import { idParams, listOf, refusals } from '../schemas/common.ts';
import { toolResult, toolResultParams } from '../schemas/jobs.ts';
import { found } from './jobs.ts';

const tags = ['jobs'];
const config = { scope: 'jobs:read' } as const;

/** What the tools of a job answered, in full: the model may have seen a part only. */
export function toolResultRoutes(app: Api, { store }: ApiParts): void {
  app.get(
    '/v1/jobs/:id/tool_results',
    {
      config,
      schema: {
        tags,
        summary: 'List the tool results of a job',
        params: idParams,
        response: { 200: listOf(toolResult), ...refusals },
      },
    },
    async (request) => {
      const { id } = request.params;
      found(await store.job(request.caller.tenant, id), id);
      const data = [];
      for (const step of await resultsOf(store, id)) {
        const { mediaType, bytes } = await infoOf(store, request.caller.tenant, step);
        data.push({
          tool_use_id: step.block.tool_use_id,
          type: 'tool_result_info' as const,
          tool: step.tool,
          outcome: step.outcome,
          round: step.round,
          duration_ms: Math.round(step.ms),
          content_type: mediaType,
          size: bytes,
          cut: step.blob !== undefined,
        });
      }
      return { data };
    },
  );

  app.get(
    '/v1/jobs/:id/tool_results/:tool_use_id',
    {
      config,
      schema: {
        tags,
        summary: 'Download a tool result, whole',
        description:
          'A single text or image comes as itself; everything else as the JSON of its content blocks.',
        params: toolResultParams,
        response: { 200: { content: { '*/*': { schema: z.string() } } }, ...refusals },
      },
    },
    async (request, reply) => {
      const { id, tool_use_id } = request.params;
      const { tenant } = request.caller;
      found(await store.job(tenant, id), id);
      const step = (await resultsOf(store, id)).find(({ block }) => block.tool_use_id === tool_use_id);
      if (!step) throw new FleetError('not_found', `Job ${id} has no result of a call ${tool_use_id}.`);
      const file = resultFile(await blocksOf(store, tenant, step));
      const bytes = 'text' in file ? Buffer.from(file.text) : Buffer.from(file.base64, 'base64');
      // Whatever a tool answered, a browser that opens it must not take it for a page of ours.
      return reply
        .headers({ 'x-content-type-options': 'nosniff', 'content-security-policy': 'sandbox' })
        .type(file.mediaType)
        .send(bytes as never);
    },
  );
}

async function resultsOf(store: ContextStore, jobId: string): Promise<ResultStep[]> {
  return (await store.steps(jobId)).filter((step) => step.kind === 'result');
}

async function blocksOf(store: ContextStore, tenant: string, step: ResultStep): Promise<ContentBlock[]> {
  const kept = step.blob === undefined ? null : await store.blob(tenant, step.blob);
  if (kept) return JSON.parse(Buffer.from(kept.bytes).toString()) as ContentBlock[];
  const { content } = step.block;
  return typeof content === 'string' ? [{ type: 'text', text: content }] : content;
}

/** Steps of an older fleet do not say what their blob is. */
async function infoOf(store: ContextStore, tenant: string, step: ResultStep): Promise<FileInfo> {
  return step.whole ?? fileInfo(resultFile(await blocksOf(store, tenant, step)));
}
