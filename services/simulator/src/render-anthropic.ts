import type { Block, Reply } from './conversation.ts';

/** A reply as the Messages API's message object. */
export function anthropicMessage(reply: Reply, model: string): Record<string, unknown> {
  return {
    id: `msg_${reply.id}`,
    type: 'message',
    role: 'assistant',
    model,
    content: reply.content,
    stop_reason: reply.stopReason,
    stop_sequence: null,
    usage: reply.usage,
  };
}

/** A reply as the API streams it: start, one ping, each block in small deltas, the end. */
export function anthropicFrames(reply: Reply, model: string): string[] {
  const usage = { ...reply.usage, output_tokens: 1 };
  const started = { ...anthropicMessage(reply, model), content: [], stop_reason: null, usage };
  return [
    frame('message_start', { message: started }),
    frame('ping', {}),
    ...reply.content.flatMap(blockFrames),
    frame('message_delta', {
      delta: { stop_reason: reply.stopReason, stop_sequence: null },
      usage: { output_tokens: reply.usage.output_tokens },
    }),
    frame('message_stop', {}),
  ];
}

function blockFrames(block: Block, index: number): string[] {
  const { empty, deltas } = unfold(block);
  return [
    frame('content_block_start', { index, content_block: empty }),
    ...deltas.map((delta) => frame('content_block_delta', { index, delta })),
    frame('content_block_stop', { index }),
  ];
}

/** A block as its start and the deltas that follow. */
function unfold(block: Block): { empty: Block; deltas: Record<string, unknown>[] } {
  if (block.type === 'text') {
    const deltas = pieces(String(block.text)).map((text) => ({ type: 'text_delta', text }));
    return { empty: { ...block, text: '' }, deltas };
  }
  if (block.type === 'tool_use') {
    const json = JSON.stringify(block.input);
    const deltas = ['', ...pieces(json)].map((partial_json) => ({ type: 'input_json_delta', partial_json }));
    return { empty: { ...block, input: {} }, deltas };
  }
  if (block.type === 'thinking') {
    const thinking = pieces(String(block.thinking)).map((piece) => ({
      type: 'thinking_delta',
      thinking: piece,
    }));
    const signature = { type: 'signature_delta', signature: block.signature };
    return { empty: { ...block, thinking: '', signature: '' }, deltas: [...thinking, signature] };
  }
  return { empty: block, deltas: [] };
}

/** Cuts a text at spaces into pieces of about 24 characters; joined they are the text again. */
export function pieces(text: string): string[] {
  return text.match(/[\s\S]{1,24}(?:\S{0,8}\s)?/g) ?? [];
}

function frame(type: string, data: Record<string, unknown>): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
}
