import type { ContentBlock, ToolOutput } from '@mcp-fleet/core';
import { z } from 'zod';

const modelImages = ['image/png', 'image/jpeg', 'image/gif', 'image/webp'];

const resource = z.looseObject({
  uri: z.string(),
  mimeType: z.string().optional(),
  text: z.string().optional(),
  blob: z.string().optional(),
});

const item = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  data: z.string().optional(),
  mimeType: z.string().optional(),
  uri: z.string().optional(),
  name: z.string().optional(),
  description: z.string().optional(),
  resource: resource.optional(),
});
type Item = z.infer<typeof item>;

/** The result of `tools/call`, read leniently: kinds of content that the fleet does not know become notes. */
export const callResult = z.looseObject({
  content: z.array(item).optional(),
  structuredContent: z.unknown().optional(),
  isError: z.boolean().optional(),
});

/**
 * Turns a server's result into the blocks that a model reads: text, images of the four kinds that models take,
 * and a note for everything else. Never empty.
 */
export function toToolOutput(result: z.infer<typeof callResult>): ToolOutput {
  const content = (result.content ?? []).map(toBlock);
  if (content.length === 0) content.push(textBlock(structuredText(result.structuredContent)));
  return { content, isError: result.isError === true };
}

/** An error result of the fleet's own making, for the model to act on. */
export function errorOutput(text: string): ToolOutput {
  return { content: [textBlock(text)], isError: true };
}

function structuredText(structured: unknown): string {
  return structured === undefined || structured === null ? '(no output)' : JSON.stringify(structured);
}

function toBlock(content: Item): ContentBlock {
  switch (content.type) {
    case 'text':
      return textBlock(content.text || '(empty text)');
    case 'image':
      return image(content);
    case 'resource':
      return textBlock(embedded(content.resource));
    case 'resource_link':
      return textBlock(link(content));
    default:
      return textBlock(
        `[${content.type} content${kindAndSize(content.mimeType, content.data)} is not shown]`,
      );
  }
}

function image(content: Item): ContentBlock {
  const { data, mimeType } = content;
  if (data !== undefined && mimeType !== undefined && modelImages.includes(mimeType)) {
    return { type: 'image', source: { type: 'base64', media_type: mimeType, data } };
  }
  return textBlock(`[image${kindAndSize(mimeType, data)} is not shown]`);
}

function embedded(contents: Item['resource']): string {
  if (contents === undefined) return '[resource without contents]';
  if (contents.text !== undefined) return `[resource ${contents.uri}]\n${contents.text}`;
  return `[resource ${contents.uri}${kindAndSize(contents.mimeType, contents.blob)} is not shown]`;
}

function link(content: Item): string {
  const name = content.name === undefined ? '' : ` ${content.name}`;
  const description = content.description === undefined ? '' : `: ${content.description}`;
  return `[resource link${name} ${content.uri ?? ''}${description}]`;
}

function kindAndSize(mimeType: string | undefined, base64: string | undefined): string {
  const kind = mimeType === undefined ? '' : ` ${mimeType}`;
  return base64 === undefined ? kind : `${kind} of ${Math.floor((base64.length * 3) / 4)} bytes`;
}

function textBlock(text: string): ContentBlock {
  return { type: 'text', text };
}
