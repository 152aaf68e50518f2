import type { IncomingHttpHeaders } from 'node:http';
import { type ApiFault, invalid } from './api-fault.ts';
import { type Block, type Conversation, type Message, type OfferedTool, textOf } from './conversation.ts';
import { asObject, type ModelApi, modelName } from './model-api.ts';
import { anthropicFrames, anthropicMessage } from './render-anthropic.ts';
import { validateMessages, validateTools } from './validate-conversation.ts';

/** The Messages API. Shapes and texts follow the public API of version 2023-06-01. */
export const anthropicApi: ModelApi = {
  read,
  renderReply: (reply, conversation) => JSON.stringify(anthropicMessage(reply, conversation.model)),
  renderFrames: (reply, conversation) => anthropicFrames(reply, conversation.model),
  renderFault: (fault, requestId) => JSON.stringify(faultBody(fault, requestId)),
  renderFaultFrame: (fault, requestId) =>
    `event: error\ndata: ${JSON.stringify(faultBody(fault, requestId))}\n\n`,
};

/** Reads the parts that `count_tokens` has too. */
export function readAnthropicPrompt(body: unknown, headers: IncomingHttpHeaders): Conversation {
  if (!headers['anthropic-version']) throw invalid('anthropic-version: header is required');
  const request = asObject(body, 'body');
  const model = modelName(request.model);
  const messages = readMessages(request.messages);
  const tools = offered(readTools(request.tools), request.tool_choice);
  validateMessages(messages);
  validateTools(tools);
  return {
    model,
    system: typeof request.system === 'string' ? request.system : textOf(blocks(request.system)),
    messages,
    tools,
    maxTokens: Number.POSITIVE_INFINITY,
    stream: request.stream === true,
    includeUsage: true,
  };
}

function read(body: unknown, headers: IncomingHttpHeaders): Conversation {
  const conversation = readAnthropicPrompt(body, headers);
  const maxTokens = (body as Record<string, unknown>).max_tokens;
  if (maxTokens === undefined) throw invalid('max_tokens: Field required');
  if (typeof maxTokens !== 'number' || !Number.isInteger(maxTokens) || maxTokens < 1) {
    throw invalid('max_tokens: Input should be greater than or equal to 1');
  }
  conversation.maxTokens = maxTokens;
  return conversation;
}

function readMessages(value: unknown): Message[] {
  if (!Array.isArray(value)) throw invalid('messages: Field required');
  return value.map((each: unknown, at) => {
    const { role, content } = asObject(each, `messages.${at}`);
    if (role !== 'user' && role !== 'assistant') {
      throw invalid(`messages: Unexpected role "${String(role)}". Allowed roles are "user" or "assistant".`);
    }
    if (typeof content === 'string') {
      return { role, content: content === '' ? [] : [{ type: 'text', text: content }] };
    }
    if (!Array.isArray(content)) throw invalid(`messages.${at}.content: Input should be a valid list`);
    for (const [place, block] of content.entries()) readBlock(block, `messages.${at}.content.${place}`);
    return { role, content: content as Block[] };
  });
}

function readBlock(value: unknown, where: string): void {
  const block = asObject(value, where);
  if (typeof block.type !== 'string') throw invalid(`${where}.type: Field required`);
  if (block.type === 'text' && typeof block.text !== 'string') {
    throw invalid(`${where}.text.text: Field required`);
  }
  if (block.type === 'tool_use') {
    if (typeof block.id !== 'string') throw invalid(`${where}.tool_use.id: Field required`);
    if (typeof block.name !== 'string') throw invalid(`${where}.tool_use.name: Field required`);
    asObject(block.input, `${where}.tool_use.input`);
  }
  if (block.type === 'tool_result' && typeof block.tool_use_id !== 'string') {
    throw invalid(`${where}.tool_result.tool_use_id: Field required`);
  }
}

function readTools(value: unknown): OfferedTool[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid('tools: Input should be a valid list');
  return value.map((each: unknown, at) => {
    const tool = asObject(each, `tools.${at}`);
    if (typeof tool.name !== 'string') throw invalid(`tools.${at}.custom.name: Field required`);
    const schema = asObject(tool.input_schema, `tools.${at}.custom.input_schema`);
    if (schema.type !== 'object') {
      throw invalid(`tools.${at}.custom.input_schema.type: Input should be 'object'`);
    }
    const description = typeof tool.description === 'string' ? tool.description : '';
    return { name: tool.name, description, schema };
  });
}

/** What `tool_choice` leaves of the tools. */
function offered(tools: OfferedTool[], choice: unknown): OfferedTool[] {
  if (choice === undefined || choice === null) return tools;
  const { type, name } = asObject(choice, 'tool_choice');
  if (type === 'none') return [];
  return type === 'tool' ? tools.filter((tool) => tool.name === name) : tools;
}

function blocks(value: unknown): Block[] {
  return Array.isArray(value) ? (value as Block[]) : [];
}

function faultBody(fault: ApiFault, requestId: string): unknown {
  const details = fault.code === null ? {} : { details: { error_code: fault.code } };
  return {
    type: 'error',
    error: { type: fault.type, message: fault.message, ...details },
    request_id: requestId,
  };
}
