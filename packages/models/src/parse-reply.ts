import { contentBlock, FleetError, type ModelReply } from '@mcp-fleet/core';
import { z } from 'zod';

const count = z.number().int().min(0);

const reply: z.ZodType<ModelReply> = z.object({
  content: z.array(contentBlock),
  stopReason: z.string(),
  model: z.string(),
  requestId: z.string().optional(),
  usage: z.object({
    inputTokens: count,
    outputTokens: count,
    cacheReadTokens: count.default(0),
    cacheWriteTokens: count.default(0),
  }),
}) as z.ZodType<ModelReply>;

/** Lets only a whole and well-formed reply past. Throws `model_bad_reply`. */
export function parseReply(provider: string, candidate: unknown): ModelReply {
  const parsed = reply.safeParse(candidate);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new FleetError('model_bad_reply', `${provider} sent a reply of an unknown form (${where}).`);
}
