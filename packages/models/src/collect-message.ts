import type Anthropic from '@anthropic-ai/sdk';
import { parseToolInput } from './parse-reply.ts';

/** A block as it began, the pieces of its text or thinking, and those of a call's arguments. */
interface Part {
  block: Record<string, unknown> & { type: string };
  text: string[];
  input: string[];
}

/** A message that comes as a stream's events. */
export interface CollectedMessage {
  /** Throws when the event cannot follow on those before it. Events and pieces of kinds that are not known are passed over. */
  add(event: Anthropic.RawMessageStreamEvent): void;
  /** What Anthropic's SDK would make of the events (its `MessageStream`). Throws when the last of them has not come. */
  whole(): Record<string, unknown>;
}

/**
 * Collects the pieces of each block and joins them once at the end, where the SDK copies a block for each piece and tries to read
 * arguments as they come.
 *
 * @param provider the name that errors carry
 * @param onDelta is told each piece of text
 */
export function collectMessage(provider: string, onDelta: (text: string) => void): CollectedMessage {
  let message: Anthropic.Message | null = null;
  let ended = false;
  const parts: Part[] = [];

  function addDelta(index: number, delta: Anthropic.RawContentBlockDelta): void {
    const part = parts[index];
    if (part === undefined) throw unexpected('content_block_delta', 'before its block');
    const { block, text, input } = part;
    switch (delta.type) {
      case 'text_delta':
        text.push(delta.text);
        onDelta(delta.text);
        return;
      case 'thinking_delta':
        text.push(delta.thinking);
        return;
      case 'input_json_delta':
        input.push(delta.partial_json);
        return;
      case 'signature_delta':
        block.signature = delta.signature;
        return;
      case 'citations_delta':
        block.citations = [...((block.citations as unknown[] | null | undefined) ?? []), delta.citation];
    }
  }

  return {
    add(event) {
      if (event.type === 'message_start') {
        if (message !== null) throw unexpected(event.type, 'after another');
        message = event.message;
        return;
      }
      if (message === null) throw unexpected(event.type, 'before "message_start"');
      if (event.type === 'content_block_start') {
        parts[event.index] = { block: { ...event.content_block }, text: [], input: [] };
      } else if (event.type === 'content_block_delta') {
        addDelta(event.index, event.delta);
      } else if (event.type === 'message_delta') {
        const counted = Object.entries(event.usage).filter(([, value]) => value != null);
        const usage = { ...message.usage, ...Object.fromEntries(counted) };
        message = { ...message, ...event.delta, usage };
      } else if (event.type === 'message_stop') ended = true;
    },
    whole() {
      if (message === null || !ended) throw new Error('The stream ended before its message did.');
      const truncated = message.stop_reason === 'max_tokens';
      const content = parts.map(({ block, text, input }) => {
        if (input.length > 0) {
          const call = { name: String(block.name), json: input.join(''), truncated };
          return { ...block, input: parseToolInput(provider, call) };
        }
        const written = text.join('');
        // The property of a text or thinking block is named like its type.
        return written === '' ? block : { ...block, [block.type]: `${block[block.type] ?? ''}${written}` };
      });
      return { ...message, content };
    },
  };
}

const unexpected = (type: string, where: string) => new Error(`Unexpected event order: ${type} ${where}.`);
