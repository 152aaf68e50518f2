import { z } from 'zod';

/** What a tool call may do to the world, which decides what happens to one whose outcome is unknown. */
export const toolSafety = z.enum(['read_only', 'idempotent', 'unsafe']);
export type ToolSafety = z.infer<typeof toolSafety>;

/** What to do about an unsafe call that was started and whose outcome is unknown (design.md, invariant 4). */
export const unknownOutcomePolicy = z.enum(['ask_model', 'retry', 'fail']);
export type UnknownOutcomePolicy = z.infer<typeof unknownOutcomePolicy>;

/**
 * How model calls are made: `live`, one by one; `provider_batch`, through the provider's own batches at its price for
 * them, within a day; `auto`, through batches as long as the job's deadline leaves the time.
 */
export const execution = z.enum(['live', 'provider_batch', 'auto']);

const day = 86_400_000;

/** How a model chooses its words, in terms that most providers share; what one does not know it is not sent. */
const sampling = z.strictObject({
  temperature: z.number().min(0).max(2).optional(),
  topP: z.number().min(0).max(1).optional(),
  topK: z.int().min(0).optional(),
  /** Texts at which the reply ends. */
  stopSequences: z.array(z.string()).optional(),
});

const limits = z.strictObject({
  /** Model replies that one job may ask for. */
  rounds: z.int().min(1).max(1000).default(50),
  /** Tool calls that one reply may ask for; more than that are answered with an error result. */
  parallelToolCalls: z.int().min(1).max(512).default(64),
  /** Times in a row that the model may fail for a transient reason before the job fails; a rate limit is none. */
  modelRetries: z.int().min(0).max(100).default(8),
  /** Times in a row that a tool server may be out of reach before the job fails. */
  toolRetries: z.int().min(0).max(100).default(8),
  /** Rounds in a row in which every tool call failed, before the job fails. */
  failingRounds: z.int().min(1).max(1000).default(10),
  /** Times that a worker may crash at one step before the job fails as poisoned. */
  crashes: z.int().min(1).max(100).default(5),
  /** Milliseconds that one tool call may take in all, whatever progress it reports. */
  toolTimeoutMs: z.int().min(10).max(86_400_000).default(60_000),
  /** Milliseconds that one model call may take. */
  modelTimeoutMs: z.int().min(10).max(86_400_000).default(600_000),
  /** Characters of a tool result that the model gets to see; the whole result is kept as a blob. */
  toolResultChars: z.int().min(256).max(10_000_000).default(200_000),
  /** Milliseconds in which a call that needs an approval can be decided, unless its tool's configuration says. */
  approvalExpiresMs: z
    .int()
    .min(10)
    .max(366 * day)
    .default(7 * day),
  /** US dollars that a job may cost; absent: without bound. Its next model call is not made if it may cost more. */
  costUsd: z.number().min(0).max(1_000_000).optional(),
  /** Tokens in and out that a job may use; absent: without bound. */
  tokens: z.int().min(0).max(1_000_000_000_000).optional(),
});

/** An agent: the named, versioned configuration that a job runs with. Unknown keys are refused. */
export const agentSpec = z.strictObject({
  name: z.string().min(1).max(64).default('default'),
  version: z.int().min(1).default(1),
  /** `provider/model`, for example `anthropic/claude-opus-4-6`, `openai/gpt-5`, or `simulated`. */
  model: z.string().min(1).max(200),
  system: z.string().max(1_000_000).optional(),
  /** Upper bound of tokens in one reply. */
  maxTokens: z.int().min(1).max(1_000_000).default(4096),
  /** Passed on to the provider as it is (Anthropic's `thinking` object). */
  thinking: z.record(z.string(), z.unknown()).optional(),
  sampling: sampling.optional(),
  /** Offered tools, as `server__tool` or `server__*`; absent means every configured tool. */
  tools: z.array(z.string().max(200)).max(1_000).optional(),
  /** Estimated tokens of earlier turns that a job may start with. */
  contextTokens: z.int().min(0).max(10_000_000).default(100_000),
  /** Fallback for tools that the configuration says nothing about. */
  unknownOutcome: unknownOutcomePolicy.default('ask_model'),
  execution: execution.default('live'),
  limits: limits.prefault({}),
});

export type AgentSpec = z.infer<typeof agentSpec>;

/** Settings of an agent as somebody wrote them: what is left out stays left out. */
export type AgentSettings = Partial<Omit<AgentSpec, 'name' | 'version' | 'limits'>> & {
  limits?: Partial<AgentSpec['limits']>;
};

const { name: _name, version: _version, limits: _limits, ...settable } = agentSpec.shape;

export const agentSettings = z.strictObject({
  ...withoutDefaults(settable),
  limits: z.strictObject(withoutDefaults(limits.shape)).optional(),
}) as unknown as z.ZodType<AgentSettings>;

/** The same fields, optional and without what they are when they are left out. */
function withoutDefaults(shape: z.core.$ZodShape): Record<string, z.ZodType> {
  return Object.fromEntries(
    Object.entries(shape).map(([key, field]) => {
      const bare = field instanceof z.ZodDefault ? field.unwrap() : field;
      return [key, z.optional(bare)];
    }),
  );
}

/** An agent of settings over others; a later one counts, and of limits each by itself. */
export function composeAgent(
  { name, version }: Pick<AgentSpec, 'name' | 'version'>,
  ...layers: readonly AgentSettings[]
): AgentSpec {
  const limits = Object.assign({}, ...layers.map((layer) => layer.limits));
  return agentSpec.parse({ ...Object.assign({}, ...layers), name, version, limits });
}

/** A version of an agent that a tenant keeps in the store; a version never changes. */
export interface StoredAgent {
  spec: AgentSpec;
  createdAt: Date;
}
