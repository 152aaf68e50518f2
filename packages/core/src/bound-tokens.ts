import type { ContentBlock, Message } from './message.ts';
import type { ToolDefinition } from './ports.ts';

/**
 * Bytes of UTF-8 that stand for one token at least. English runs at 4, code and JSON at 3, digits, hexadecimal
 * and Chinese at 2 and more; only text that is made for it, such as base64, has more tokens than this says.
 */
const fewestBytes = 2;

/** Bytes that stand for one token at most. */
const mostBytes = 8;

/** Tokens that a provider puts around a block, a message's role and a tool's definition. */
const frame = 12;

/** Tokens that a provider adds as soon as tools are offered. */
const toolUsePrompt = 1_000;

/** Tokens of the largest picture; its bytes say nothing about them. */
const picture = 5_000;

/** Tokens of a document that is not in the request, such as one behind a URL. */
const documentElsewhere = 200_000;

const encoder = new TextEncoder();
const bytesOf = (value: unknown) => encoder.encode(JSON.stringify(value)).length;

/** An upper bound of the tokens that blocks have as a part of a request. */
export function boundTokens(content: readonly ContentBlock[]): number {
  return content.reduce((sum, block) => sum + boundBlock(block), frame);
}

function boundBlock(block: ContentBlock): number {
  if (block.type === 'image') return picture;
  if (block.type === 'document' && !isInline(block.source)) return documentElsewhere;
  if (block.type === 'tool_result' && Array.isArray(block.content)) return frame + boundTokens(block.content);
  return frame + Math.ceil(bytesOf(block) / fewestBytes);
}

function isInline(source: unknown): boolean {
  if (typeof source !== 'object' || source === null || !('type' in source)) return false;
  return source.type === 'base64' || source.type === 'text' || source.type === 'content';
}

/** What a request consists of beside its settings. */
export interface RequestParts {
  system?: string | undefined;
  messages: readonly Message[];
  tools: readonly ToolDefinition[];
}

/** An upper bound of the tokens of a request's input. */
export function boundInput({ system = '', messages, tools }: RequestParts): number {
  const said = messages.reduce((sum, message) => sum + boundTokens(message.content), 0);
  const offered = tools.map(({ name, description, inputSchema }) => [name, description, inputSchema]);
  const toolTokens = tools.length === 0 ? 0 : toolUsePrompt + tools.length * frame;
  const bytes = bytesOf(system) + (tools.length === 0 ? 0 : bytesOf(offered));
  return said + toolTokens + Math.ceil(bytes / fewestBytes);
}

/** A lower bound of them. */
export function leastInput({ system = '', messages }: Omit<RequestParts, 'tools'>): number {
  const bytes = messages.reduce(
    (sum, { content }) => sum + textBytes(content),
    encoder.encode(system).length,
  );
  return Math.max(1, Math.floor(bytes / mostBytes));
}

function textBytes(content: readonly ContentBlock[]): number {
  return content.reduce(
    (sum, { text }) => sum + (typeof text === 'string' ? encoder.encode(text).length : 0),
    0,
  );
}
