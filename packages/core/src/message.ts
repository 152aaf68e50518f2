import { z } from 'zod';

/**
 * Messages in Anthropic's form. Blocks that the fleet does not read (thinking, images, citations, whatever a
 * provider adds) pass through untouched: what was sent to a model once is sent again as it was.
 */
export const textBlock = z.looseObject({ type: z.literal('text'), text: z.string() });

/** A tool call that the model asks for. `name` is the offered name, `server__tool` after mapping. */
export const toolUseBlock = z.looseObject({
  type: z.literal('tool_use'),
  id: z.string(),
  name: z.string(),
  input: z.record(z.string(), z.unknown()),
});

export const toolResultBlock = z.looseObject({
  type: z.literal('tool_result'),
  tool_use_id: z.string(),
  content: z.union([z.string(), z.array(z.looseObject({ type: z.string() }))]),
  is_error: z.boolean().optional(),
});

export const contentBlock = z.looseObject({ type: z.string() });

export type TextBlock = z.infer<typeof textBlock>;
export type ToolUseBlock = z.infer<typeof toolUseBlock>;
export type ToolResultBlock = z.infer<typeof toolResultBlock>;
export type ContentBlock = z.infer<typeof contentBlock>;

/** A role and its content blocks. */
export const message = z.object({ role: z.enum(['user', 'assistant']), content: z.array(contentBlock) });

export type Message = z.infer<typeof message>;

/** The tool calls of a reply in the order in which the model asked for them. */
export function toolUses(content: readonly ContentBlock[]): ToolUseBlock[] {
  return content.filter((block): block is ToolUseBlock => block.type === 'tool_use');
}

/** The text of a message's text blocks, joined; empty when it has none. */
export function textOf(content: readonly ContentBlock[]): string {
  return content
    .filter((block): block is TextBlock => block.type === 'text' && typeof block.text === 'string')
    .map((block) => block.text)
    .join('');
}
