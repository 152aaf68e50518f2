/** A content block in Anthropic's form; blocks that the simulator does not read pass through. */
export interface Block {
  type: string;
  [key: string]: unknown;
}

/** A tool call, of the simulated model's own or of a message that was validated. */
export interface ToolUse extends Block {
  type: 'tool_use';
  id: string;
  name: string;
  input: Record<string, unknown>;
}

export interface ToolResult extends Block {
  type: 'tool_result';
  tool_use_id: string;
  content?: string | Block[];
  is_error?: boolean;
}

/** A message after the edge: its content is always a list of blocks. */
export interface Message {
  role: 'user' | 'assistant';
  content: Block[];
}

/** A tool as it was offered, with its JSON Schema. */
export interface OfferedTool {
  name: string;
  description: string;
  schema: Record<string, unknown>;
}

/** A request of either API, in one form. */
export interface Conversation {
  model: string;
  system: string;
  messages: Message[];
  tools: OfferedTool[];
  maxTokens: number;
  stream: boolean;
  /** Whether a stream ends with the usage; OpenAI's is optional. */
  includeUsage: boolean;
}

/** Tokens in the form of the Messages API. */
export interface ReplyUsage {
  input_tokens: number;
  output_tokens: number;
  cache_creation_input_tokens: number;
  cache_read_input_tokens: number;
}

/** A whole reply before it is rendered for an API. `id` is a hash of the conversation. */
export interface Reply {
  id: string;
  content: Block[];
  stopReason: string;
  usage: ReplyUsage;
}

export function isToolUse(block: Block): block is ToolUse {
  return block.type === 'tool_use';
}

export function isToolResult(block: Block): block is ToolResult {
  return block.type === 'tool_result';
}

/** The text of a message's text blocks, joined by newlines. */
export function textOf(content: string | readonly Block[] | undefined): string {
  if (content === undefined) return '';
  if (typeof content === 'string') return content;
  return content
    .filter((block) => block.type === 'text')
    .map((block) => String(block.text))
    .join('\n');
}

/** Tokens of texts, estimated at four characters each. */
export function tokensOf(...texts: string[]): number {
  return Math.ceil(texts.reduce((sum, text) => sum + text.length, 0) / 4);
}
