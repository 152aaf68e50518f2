import Anthropic from '@anthropic-ai/sdk';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';

/** The loop as anybody writes it, with the stock SDKs: it answers, and keeps nothing. */
export interface StockLoop {
  /** Appends to `messages` what came of the query, and returns the answer. */
  run(messages: Anthropic.MessageParam[], query: string): Promise<string>;
  close(): Promise<void>;
}

export async function openStockLoop(simulatorUrl: string, toolsUrl: string): Promise<StockLoop> {
  const anthropic = new Anthropic({ baseURL: simulatorUrl, apiKey: 'none', maxRetries: 0 });
  const mcp = new Client({ name: 'bench', version: '1' });
  await mcp.connect(new StreamableHTTPClientTransport(new URL(toolsUrl)) as Transport);
  const { tools } = await mcp.listTools();
  const offered = tools.map(({ name, description = '', inputSchema }) => ({
    name: `math__${name}`,
    description,
    input_schema: inputSchema as Anthropic.Tool.InputSchema,
  }));
  return {
    async run(messages, query) {
      messages.push({ role: 'user', content: query });
      for (;;) {
        const request = { model: 'simulated', max_tokens: 4_096, tools: offered, messages };
        const reply = await anthropic.messages.create(request);
        messages.push({ role: 'assistant', content: reply.content });
        const uses = reply.content.filter((block) => block.type === 'tool_use');
        if (uses.length === 0) {
          return reply.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
        }
        const results = await Promise.all(
          uses.map(async ({ id, name, input }) => {
            const call = { name: name.replace('math__', ''), arguments: input as Record<string, unknown> };
            const { content } = await mcp.callTool(call);
            return { type: 'tool_result' as const, tool_use_id: id, content: content as never };
          }),
        );
        messages.push({ role: 'user', content: results });
      }
    },
    close: () => mcp.close(),
  };
}
