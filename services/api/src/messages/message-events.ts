import type { ContentBlock } from '@mcp-fleet/core';
import type { MessageView } from '../schemas/messages.ts';

/** An event of Anthropic's streams; its `type` is also its name. */
export type MessageEvent = { type: string } & Record<string, unknown>;

export const startEvent = (id: string, model: string): MessageEvent => ({
  type: 'message_start',
  message: {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    // What the job is to cost is known at its end, and sent with `message_delta`.
    usage: {
      input_tokens: 0,
      output_tokens: 0,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 0,
    },
  },
});

export const blockStart = (index: number, block: ContentBlock): MessageEvent => ({
  type: 'content_block_start',
  index,
  content_block: block,
});

export const blockDelta = (index: number, delta: MessageEvent): MessageEvent => ({
  type: 'content_block_delta',
  index,
  delta,
});

export const blockStop = (index: number): MessageEvent => ({ type: 'content_block_stop', index });

/** A whole block. Kinds that have no deltas come with their start. */
export function blockEvents(index: number, block: ContentBlock): MessageEvent[] {
  const { empty, deltas } = unfold(block);
  return [blockStart(index, empty), ...deltas.map((delta) => blockDelta(index, delta)), blockStop(index)];
}

function unfold(block: ContentBlock): { empty: ContentBlock; deltas: MessageEvent[] } {
  if (block.type === 'text') {
    return { empty: { ...block, text: '' }, deltas: [{ type: 'text_delta', text: block.text }] };
  }
  if (block.type === 'thinking') {
    const { thinking, signature } = block;
    return {
      empty: { ...block, thinking: '', signature: '' },
      deltas: [
        { type: 'thinking_delta', thinking },
        { type: 'signature_delta', signature },
      ],
    };
  }
  return { empty: block, deltas: [] };
}

export function endEvents({ stop_reason, stop_sequence, usage }: MessageView): MessageEvent[] {
  const { service_tier: _tier, ...tokens } = usage;
  return [
    { type: 'message_delta', delta: { stop_reason, stop_sequence }, usage: tokens },
    { type: 'message_stop' },
  ];
}
