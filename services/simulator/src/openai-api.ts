import { type ApiFault, invalid } from './api-fault.ts';
import type { Block, Conversation, Message, OfferedTool } from './conversation.ts';
import { asObject, type ModelApi, modelName } from './model-api.ts';
import { openaiCompletion, openaiFrames } from './render-openai.ts';
import { validateTools } from './validate-conversation.ts';

/** OpenAI's chat completions, read into Anthropic's form and written back. */
export const openaiApi: ModelApi = {
  read,
  renderReply: (reply, conversation) => JSON.stringify(openaiCompletion(reply, conversation.model)),
  renderFrames: openaiFrames,
  renderFault: (fault) => JSON.stringify(faultBody(fault)),
  renderFaultFrame: (fault) => `data: ${JSON.stringify(faultBody(fault))}\n\n`,
};

function read(body: unknown): Conversation {
  const request = asObject(body, 'body');
  const model = modelName(request.model);
  if (!Array.isArray(request.messages) || request.messages.length === 0) {
    throw invalid("Missing required parameter: 'messages'.");
  }
  const list = request.messages.map((each: unknown, at) => asObject(each, `messages[${at}]`));
  const tools = request.tool_choice === 'none' ? [] : readTools(request.tools);
  validateTools(tools);
  const limit = request.max_completion_tokens ?? request.max_tokens;
  const streamOptions = request.stream_options as { include_usage?: unknown } | null | undefined;
  return {
    model,
    system: list
      .filter(({ role }) => role === 'system' || role === 'developer')
      .map(({ content }) => plain(content))
      .join('\n'),
    messages: readMessages(list),
    tools,
    maxTokens: typeof limit === 'number' ? limit : Number.POSITIVE_INFINITY,
    stream: request.stream === true,
    includeUsage: streamOptions?.include_usage === true,
  };
}

function readMessages(list: Record<string, unknown>[]): Message[] {
  const messages: Message[] = [];
  let open: string[] = [];
  for (const [at, each] of list.entries()) {
    if (each.role === 'tool') {
      const id = String(each.tool_call_id);
      if (!open.includes(id)) {
        throw invalid(
          "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
        );
      }
      open = open.filter((other) => other !== id);
      addResult(messages, { type: 'tool_result', tool_use_id: id, content: plain(each.content) });
      continue;
    }
    refuseOpen(open);
    if (each.role === 'user') messages.push({ role: 'user', content: parts(each.content, at) });
    else if (each.role === 'assistant') {
      const calls = readCalls(each.tool_calls);
      open = calls.map((call) => call.id as string);
      const text = plain(each.content);
      messages.push({ role: 'assistant', content: [...(text ? [{ type: 'text', text }] : []), ...calls] });
    } else if (each.role !== 'system' && each.role !== 'developer') {
      throw invalid(
        `Invalid value: '${String(each.role)}'. Supported values are: 'system', 'assistant', 'user', and 'tool'.`,
      );
    }
  }
  refuseOpen(open);
  return messages;
}

function refuseOpen(open: string[]): void {
  if (open.length === 0) return;
  throw invalid(
    "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. " +
      `The following tool_call_ids did not have response messages: ${open.join(', ')}`,
  );
}

function addResult(messages: Message[], block: Block): void {
  const last = messages.at(-1);
  if (last?.role === 'user') last.content.push(block);
  else messages.push({ role: 'user', content: [block] });
}

function readCalls(value: unknown): Block[] {
  if (!Array.isArray(value)) return [];
  return value.map((each: unknown, at) => {
    const call = asObject(each, `tool_calls[${at}]`);
    const { name, arguments: text } = asObject(call.function, `tool_calls[${at}].function`);
    return { type: 'tool_use', id: String(call.id), name: String(name), input: parse(text) };
  });
}

function parse(text: unknown): unknown {
  try {
    return JSON.parse(String(text));
  } catch {
    throw invalid('Invalid tool call arguments: they are not JSON.');
  }
}

function readTools(value: unknown): OfferedTool[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw invalid("Invalid type for 'tools': expected an array.");
  return value.map((each: unknown, at) => {
    const spec = asObject(asObject(each, `tools[${at}]`).function, `tools[${at}].function`);
    const schema =
      spec.parameters === undefined ? { type: 'object' } : asObject(spec.parameters, `tools[${at}]`);
    return {
      name: String(spec.name),
      description: typeof spec.description === 'string' ? spec.description : '',
      schema,
    };
  });
}

function parts(content: unknown, at: number): Block[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  if (Array.isArray(content)) return content as Block[];
  throw invalid(`Invalid type for 'messages[${at}].content': expected a string or an array.`);
}

function plain(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content.map((part: { text?: unknown }) => (typeof part.text === 'string' ? part.text : '')).join('');
}

function faultBody({ message, type, code, param }: ApiFault): unknown {
  return { error: { message, type, code, param } };
}
