import { contentBlock, FleetError, type ModelReply, textBlock, toolUseBlock } from '@mcp-fleet/core';
import { z } from 'zod';

const count = z.int().min(0);

const block = contentBlock.superRefine((candidate, context) => {
  const schema = { text: textBlock, tool_use: toolUseBlock }[candidate.type];
  const parsed = schema?.safeParse(candidate);
  for (const issue of parsed?.error?.issues ?? []) context.addIssue({ ...issue });
});

const reply = z.object({
  content: z.array(block),
  stopReason: z.string(),
  stopSequence: z.string().optional(),
  model: z.string(),
  requestId: z.string().optional(),
  usage: z.object({
    inputTokens: count,
    outputTokens: count,
    cacheReadTokens: count.default(0),
    cacheWriteTokens: count.default(0),
    cacheWrite1hTokens: count.optional(),
  }),
});

/** Lets only a whole and well-formed reply past; blocks pass as they came. Throws `model_bad_reply`. */
export function parseReply(provider: string, candidate: unknown): ModelReply {
  const parsed = reply.safeParse(candidate);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new FleetError('model_bad_reply', `${provider} sent a reply of an unknown form (${where}).`);
}

/**
 * The arguments of a tool call as an object. Throws `model_output_truncated` when the reply was cut within
 * them, and otherwise `model_bad_reply` when they are no JSON object.
 */
export function parseToolInput(
  provider: string,
  call: { name: string; json: string; truncated: boolean },
): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(call.json === '' ? '{}' : call.json);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
      return parsed as Record<string, unknown>;
    }
  } catch {
    // One error for both: no JSON, and JSON of another form.
  }
  if (call.truncated) {
    throw new FleetError(
      'model_output_truncated',
      `${provider} cut the reply at the agent's maxTokens within a call of ${call.name}. Raise maxTokens.`,
    );
  }
  throw new FleetError(
    'model_bad_reply',
    `${provider} asked for ${call.name} with arguments that are not a JSON object.`,
  );
}
