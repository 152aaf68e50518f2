import { z } from 'zod';
import { contentBlock, id, shownTime } from './common.ts';

const notOffered = (keys: readonly string[]) => `${keys.join(', ')}: not offered by this fleet; leave it out`;

/** An object of these keys alone; another key is named in the refusal. */
const only = <Shape extends z.core.$ZodLooseShape>(shape: Shape) =>
  z.strictObject(shape, {
    error: (issue) => (issue.code === 'unrecognized_keys' ? notOffered(issue.keys as string[]) : undefined),
  });

const text = z.string().regex(/\S/, 'text has to be more than white space');
const textBlock = z.looseObject({ type: z.literal('text'), text });
const otherBlock = z.looseObject({ type: z.string().regex(/^(?!text$)/) });

const inputMessage = only({
  role: z.enum(['user', 'assistant']),
  content: z.union(
    [text, z.array(z.union([textBlock, otherBlock])).min(1, 'expected at least one content block')],
    'expected a text or a list of content blocks',
  ),
});
export type InputMessage = z.infer<typeof inputMessage>;

const mcpServer = only({
  type: z.literal('url'),
  name: z.string().min(1).max(128).describe('Name of a server that the operator has configured.'),
  url: z.string().optional().describe('Not used: the address is the one that the operator configured.'),
  tool_configuration: only({
    enabled: z.boolean().nullish(),
    allowed_tools: z.array(z.string().min(1)).nullish(),
  }).nullish(),
});

const mcpToolset = only({
  type: z.literal(
    'mcp_toolset',
    'tools of other types than mcp_toolset are not offered by this fleet: it runs the tools of its own MCP servers, which mcp_servers names',
  ),
  mcp_server_name: z.string().min(1).max(128),
  default_config: only({ enabled: z.boolean().optional() }).nullish(),
  configs: z.record(z.string(), only({ enabled: z.boolean().optional() })).nullish(),
  cache_control: z.unknown().optional(),
});

const prompt = {
  model: z
    .string()
    .min(1)
    .max(200)
    .describe('Such as `claude-sonnet-5-5`, or `provider/model` of the fleet.'),
  messages: z.array(inputMessage).min(1).max(100_000),
  system: z.union([z.string(), z.array(textBlock)]).optional(),
  thinking: z.record(z.string(), z.unknown()).optional(),
  mcp_servers: z
    .array(mcpServer)
    .max(100)
    .optional()
    .describe('Servers whose tools the fleet runs, by name.'),
  tools: z.array(mcpToolset).max(100).optional().describe('Which tools of `mcp_servers`; absent: all.'),
  tool_choice: only({ type: z.enum(['auto', 'none']) }).optional(),
  cache_control: z.unknown().optional().describe('Not used: caching is automatic.'),
};

/** What the model is asked, as in Anthropic's Messages API. */
export const messageParams = only({
  ...prompt,
  max_tokens: z.int().min(1).max(1_000_000),
  temperature: z.number().min(0).max(1).optional(),
  top_p: z.number().min(0).max(1).optional(),
  top_k: z.int().min(0).optional(),
  stop_sequences: z.array(text).max(1_000).optional(),
  metadata: only({ user_id: z.string().max(256).nullish() }).optional(),
  service_tier: z.enum(['auto', 'standard_only']).optional().describe('Not used: the fleet has one tier.'),
  stream: z.boolean().optional(),
}).meta({ id: 'MessageParams' });
export type MessageParams = z.infer<typeof messageParams>;

export const tokenParams = only(prompt).meta({ id: 'MessageTokensParams' });
export type TokenParams = z.infer<typeof tokenParams>;

const tokens = z.int().min(0);

export const message = z
  .object({
    id: z.string(),
    type: z.literal('message'),
    role: z.literal('assistant'),
    model: z.string(),
    content: z.array(contentBlock),
    stop_reason: z.string().nullable(),
    stop_sequence: z.string().nullable(),
    usage: z.object({
      input_tokens: tokens,
      output_tokens: tokens,
      cache_creation_input_tokens: tokens,
      cache_read_input_tokens: tokens,
      service_tier: z.enum(['standard', 'batch']),
    }),
  })
  .meta({ id: 'AssistantMessage' });
export type MessageView = z.infer<typeof message>;

export const tokenCount = z.object({ input_tokens: tokens });

export const batchRequest = only({
  custom_id: z
    .string()
    .regex(/^[a-zA-Z0-9_-]{1,64}$/, 'expected 1 to 64 characters, each a letter, a digit, `_` or `-`'),
  params: z.record(z.string(), z.unknown()).describe('See `MessageParams`; checked when its turn comes.'),
});

export const newMessageBatch = only({ requests: z.array(batchRequest).min(1).max(100_000) }).meta({
  id: 'NewMessageBatch',
});

export const messageBatch = z
  .object({
    id: z.string(),
    type: z.literal('message_batch'),
    processing_status: z.enum(['in_progress', 'canceling', 'ended']),
    request_counts: z
      .object({ processing: tokens, succeeded: tokens, errored: tokens, canceled: tokens, expired: tokens })
      .describe('All are processing until the whole batch has ended.'),
    created_at: shownTime,
    expires_at: shownTime,
    ended_at: shownTime.nullable(),
    cancel_initiated_at: shownTime.nullable(),
    archived_at: shownTime.nullable(),
    results_url: z.string().nullable(),
  })
  .meta({ id: 'MessageBatch' });
export type MessageBatchView = z.infer<typeof messageBatch>;

export const deletedMessageBatch = z.object({ id: z.string(), type: z.literal('message_batch_deleted') });

export const messageBatchesQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1000).default(20).describe('Rows of a page.'),
  after_id: id.optional().describe('The `last_id` of the page before.'),
  before_id: id.optional().describe('The `first_id` of the page behind; `after_id` does not count then.'),
});
export type MessageBatchesQuery = z.infer<typeof messageBatchesQuery>;
