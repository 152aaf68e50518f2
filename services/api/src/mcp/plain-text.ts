import type { ContentBlock } from '@mcp-fleet/client';

/** The first characters of a text on one line. */
export function shorten(text: string, length: number): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length > length ? `${flat.slice(0, length - 1)}…` : flat;
}

/** What a message says: its text, the calls that it asks for, and what was answered to them. */
export function plainText(content: string | ContentBlock[]): string {
  if (typeof content === 'string') return content;
  return content.map(plainBlock).filter(Boolean).join('\n');
}

function plainBlock(block: ContentBlock): string {
  switch (block.type) {
    case 'text':
      return String(block.text);
    case 'tool_use':
      return `calls ${String(block.name)} ${JSON.stringify(block.input)}`;
    case 'tool_result':
      return `tool result: ${plainText((block.content ?? '') as string | ContentBlock[])}`;
    default:
      return `(${block.type})`;
  }
}
