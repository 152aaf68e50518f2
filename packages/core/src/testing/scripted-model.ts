import type { ContentBlock } from '../message.ts';
import type { Model, ModelReply, ModelRequest } from '../ports.ts';

type Scripted =
  | ModelReply
  | Error
  | ((request: ModelRequest, signal: AbortSignal) => Promise<ModelReply> | ModelReply);

/** Plays given replies in order and keeps the requests, byte for byte as they were sent. */
export class ScriptedModel implements Model {
  readonly requests: string[] = [];
  /** Whether it takes batches. */
  batches = true;
  readonly #replies: Scripted[];

  constructor(...replies: Scripted[]) {
    this.#replies = replies;
  }

  add(...replies: Scripted[]): void {
    this.#replies.push(...replies);
  }

  takesBatches(): boolean {
    return this.batches;
  }

  async complete(request: ModelRequest, { signal }: { signal: AbortSignal }): Promise<ModelReply> {
    this.requests.push(JSON.stringify(request.messages));
    const next = this.#replies.shift();
    if (next === undefined) throw new Error('the script has no more replies');
    if (next instanceof Error) throw next;
    return typeof next === 'function' ? next(request, signal) : next;
  }
}

const usage = { inputTokens: 10, outputTokens: 5, cacheReadTokens: 0, cacheWriteTokens: 0 };

/** A reply that ends the turn. */
export function says(text: string, stopReason = 'end_turn'): ModelReply {
  return { content: [{ type: 'text', text }], stopReason, model: 'scripted', usage };
}

/** A reply that asks for tools; each call is `[id, name, input]`. */
export function asks(...calls: [id: string, name: string, input: Record<string, unknown>][]): ModelReply {
  const content: ContentBlock[] = calls.map(([id, name, input]) => ({ type: 'tool_use', id, name, input }));
  return { content, stopReason: 'tool_use', model: 'scripted', usage };
}
