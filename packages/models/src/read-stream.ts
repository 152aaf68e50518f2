import type Anthropic from '@anthropic-ai/sdk';
import { parseToolInput } from './parse-reply.ts';

type Events = AsyncIterable<Anthropic.RawMessageStreamEvent>;
type Block = Record<string, unknown> & { type: string };

/** What deltas of a block are appended to: the property of the block that they make. */
const properties = { text_delta: 'text', thinking_delta: 'thinking' } as const;

/**
 * The message that a stream's events amount to, as Anthropic's SDK would have it (its `MessageStream`, which copies a block
 * for each piece of it and tries to read arguments as they come). Throws when the stream ends before its message does.
 *
 * @param onDelta is told each piece of text
 */
export async function readStream(
  provider: string,
  events: Events,
  onDelta: (text: string) => void,
): Promise<Record<string, unknown>> {
  let message: Anthropic.Message | null = null;
  let ended = false;
  const blocks: Block[] = [];
  const pieces: string[][] = [];
  const inputs = new Map<number, string[]>();
  for await (const event of events) {
    if (event.type === 'message_start') {
      if (message !== null) throw unexpected(event.type, 'after another');
      message = event.message;
      continue;
    }
    if (message === null) throw unexpected(event.type, 'before "message_start"');
    if (event.type === 'content_block_start') {
      blocks.push({ ...event.content_block });
      pieces.push([]);
    } else if (event.type === 'content_block_delta') {
      const block = blocks[event.index];
      if (block === undefined) throw unexpected(event.type, 'before its block');
      const { delta } = event;
      if (delta.type === 'text_delta' || delta.type === 'thinking_delta') {
        const text = delta.type === 'text_delta' ? delta.text : delta.thinking;
        if (block.type === properties[delta.type]) pieces[event.index]?.push(text);
        if (delta.type === 'text_delta') onDelta(text);
      } else if (delta.type === 'input_json_delta') {
        inputs.set(event.index, [...(inputs.get(event.index) ?? []), delta.partial_json]);
      } else if (delta.type === 'signature_delta') block.signature = delta.signature;
      else if (delta.type === 'citations_delta') {
        block.citations = [...((block.citations as unknown[] | null | undefined) ?? []), delta.citation];
      }
    } else if (event.type === 'message_delta') {
      const { usage, delta } = event;
      const counted = Object.entries(usage).filter(([, value]) => value != null);
      message = { ...message, ...delta, usage: { ...message.usage, ...Object.fromEntries(counted) } };
    } else if (event.type === 'message_stop') ended = true;
  }
  if (message === null || !ended) throw new Error('The stream ended before its message did.');
  const truncated = message.stop_reason === 'max_tokens';
  const content = blocks.map((block, at) => {
    const json = inputs.get(at);
    if (json !== undefined) {
      const call = { name: String(block.name), json: json.join(''), truncated };
      return { ...block, input: parseToolInput(provider, call) };
    }
    const written = pieces[at] ?? [];
    return written.length === 0
      ? block
      : { ...block, [block.type]: `${block[block.type] ?? ''}${written.join('')}` };
  });
  return { ...message, content };
}

const unexpected = (type: string, where: string) => new Error(`Unexpected event order: ${type} ${where}.`);
