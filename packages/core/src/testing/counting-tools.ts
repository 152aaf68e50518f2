import type { ToolCall, ToolDefinition, ToolOutput, ToolProvider, Toolset } from '../ports.ts';

type Handler = (call: ToolCall, signal: AbortSignal) => Promise<ToolOutput> | ToolOutput;

/** Tools given as functions, with every call kept. */
export class CountingTools implements ToolProvider {
  readonly calls: ToolCall[] = [];
  readonly toolset: Toolset;
  readonly #handlers: Record<string, Handler>;

  constructor(handlers: Record<string, Handler>, safety: ToolDefinition['safety'] = 'read_only') {
    this.#handlers = handlers;
    const tools = Object.keys(handlers).map((name) => ({ name, description: name, inputSchema: {}, safety }));
    this.toolset = { hash: `${safety}:${Object.keys(handlers).join()}`, tools };
  }

  async list(): Promise<Toolset> {
    return this.toolset;
  }

  async call(call: ToolCall, signal: AbortSignal): Promise<ToolOutput> {
    this.calls.push(call);
    const handler = this.#handlers[call.name];
    if (!handler) throw new Error(`no tool ${call.name}`);
    return handler(call, signal);
  }
}

/** A tool's answer as text. */
export function answers(text: string): ToolOutput {
  return { content: [{ type: 'text', text }], isError: false };
}
