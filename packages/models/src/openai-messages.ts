import type { ContentBlock, Message, ModelRequest } from '@mcp-fleet/core';
import type OpenAI from 'openai';

type ChatMessage = OpenAI.ChatCompletionMessageParam;
type UserPart = OpenAI.ChatCompletionContentPart;

/** The messages of a request in the form of chat completions. Thinking blocks have no place there. */
export function toChatMessages(request: Pick<ModelRequest, 'system' | 'messages'>): ChatMessage[] {
  const system: ChatMessage[] =
    request.system === undefined ? [] : [{ role: 'system', content: request.system }];
  return [...system, ...request.messages.flatMap(toChat)];
}

function toChat(message: Message): ChatMessage[] {
  return message.role === 'assistant' ? [assistantMessage(message.content)] : userMessages(message.content);
}

function assistantMessage(content: readonly ContentBlock[]): ChatMessage {
  const calls = content
    .filter((block) => block.type === 'tool_use')
    .map((block) => ({
      id: String(block.id),
      type: 'function' as const,
      function: { name: String(block.name), arguments: JSON.stringify(block.input) },
    }));
  const text = textOf(content);
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

/** Tool results become messages of their own; their images, which such a message cannot carry, follow as the user's. */
function userMessages(content: readonly ContentBlock[]): ChatMessage[] {
  const results = content.filter((block) => block.type === 'tool_result');
  const answers = results.map((block) => ({
    role: 'tool' as const,
    tool_call_id: String(block.tool_use_id),
    content: resultText(block),
  }));
  const images = results.flatMap((block) => blocksOf(block).flatMap(toImage));
  const parts = [...images, ...content.flatMap(toPart)];
  return parts.length === 0 ? answers : [...answers, { role: 'user', content: parts }];
}

function toPart(block: ContentBlock): UserPart[] {
  if (block.type === 'text') return [{ type: 'text', text: String(block.text) }];
  return toImage(block);
}

function toImage(block: ContentBlock): UserPart[] {
  if (block.type !== 'image') return [];
  const source = block.source as { type: string; media_type?: string; data?: string; url?: string };
  const url = source.type === 'url' ? source.url : `data:${source.media_type};base64,${source.data}`;
  return url === undefined ? [] : [{ type: 'image_url', image_url: { url } }];
}

function resultText(block: ContentBlock): string {
  const text = textOf(blocksOf(block));
  return block.is_error === true ? `Error: ${text}` : text;
}

function blocksOf({ content }: ContentBlock): ContentBlock[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return Array.isArray(content) ? (content as ContentBlock[]) : [];
}

function textOf(content: readonly ContentBlock[]): string {
  return content
    .filter((block) => block.type === 'text')
    .map((block) => String(block.text))
    .join('');
}
