import { behave, toolNames } from './behaviour.ts';

/** A JSON-RPC message of MCP, as far as these servers read it. */
export interface Rpc {
  id?: number | string;
  method?: string;
  params?: {
    protocolVersion?: string;
    name?: string;
    arguments?: { n?: number };
    _meta?: Record<string, unknown>;
  };
}

/** What is to be sent back: a message, bytes that are none, or nothing ever. */
export type RpcAnswer = { kind: 'message'; body: string } | { kind: 'garbage' } | { kind: 'never' };

const inputSchema = { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] };

/** Answers a request as an MCP server with the suite's tools does. By hand, so that it can break the rules. */
export async function answerRpc(folder: string, server: string, rpc: Rpc): Promise<RpcAnswer> {
  switch (rpc.method) {
    case 'initialize':
      return result(rpc, {
        protocolVersion: rpc.params?.protocolVersion ?? '2025-11-25',
        capabilities: { tools: {} },
        serverInfo: { name: server, version: '1.0.0' },
      });
    case 'tools/list':
      return result(rpc, {
        tools: toolNames.map((name) => ({ name, description: `The tool ${name}.`, inputSchema })),
      });
    case 'tools/call':
      return call(folder, server, rpc);
    case 'ping':
      return result(rpc, {});
    default:
      return message({ jsonrpc: '2.0', id: rpc.id, error: { code: -32601, message: 'Method not found' } });
  }
}

async function call(folder: string, server: string, rpc: Rpc): Promise<RpcAnswer> {
  const { name = '', arguments: input, _meta } = rpc.params ?? {};
  const key = String(_meta?.['fleet/idempotencyKey'] ?? '');
  const answer = await behave(folder, server, { tool: name, key, n: input?.n ?? 0 });
  if (answer.kind !== 'text') return answer;
  return result(rpc, { content: [{ type: 'text', text: answer.text }] });
}

const result = (rpc: Rpc, value: object): RpcAnswer => message({ jsonrpc: '2.0', id: rpc.id, result: value });

const message = (body: object): RpcAnswer => ({ kind: 'message', body: JSON.stringify(body) });
