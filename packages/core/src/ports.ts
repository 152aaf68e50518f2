import type { AgentSpec, ToolSafety, UnknownOutcomePolicy } from './agent.ts';
import type { ContentBlock, Message } from './message.ts';
import type { Usage } from './step.ts';

/** The queue of job ids. */
export interface JobQueue {
  /** Puts an id in, once: an id that is in the queue already stays as it is. */
  add(jobId: string, options?: { delayMs?: number }): Promise<void>;
  addMany(jobs: readonly { jobId: string; delayMs?: number }[]): Promise<void>;
  /** Makes ids due that are delayed; returns how many were. */
  promote(jobIds: readonly string[]): Promise<number>;
}

/** A tool as a model is offered it. `name` obeys the model's rule `[a-zA-Z0-9_-]{1,64}`. */
export interface ToolDefinition {
  name: string;
  description: string;
  inputSchema: Record<string, unknown>;
  safety: ToolSafety;
  /** Set when the configuration says what to do about an unknown outcome; otherwise the agent's rule holds. */
  unknownOutcome?: UnknownOutcomePolicy;
  /** Set when a call of it has to be approved before it is sent. */
  approval?: true;
  /** Milliseconds in which a call can be approved, when the configuration says so; otherwise the agent's limit holds. */
  approvalExpiresMs?: number;
}

/** An ordered tool list; `hash` is a digest of the definitions. */
export interface Toolset {
  hash: string;
  tools: ToolDefinition[];
}

export interface ToolCall {
  name: string;
  input: Record<string, unknown>;
  /** Same for every repetition of one call; sent to the server in `_meta`. */
  idempotencyKey: string;
  timeoutMs: number;
  /** The `traceparent` that the call belongs to, sent to the server in `_meta`. */
  trace?: string | null;
}

export interface ToolOutput {
  content: ContentBlock[];
  isError: boolean;
}

/** What a server tells of a call that it is working on, in its own units. */
export interface ToolProgress {
  progress: number;
  total?: number | undefined;
  message?: string | undefined;
}

/**
 * The tools of the configured MCP servers.
 *
 * `call` resolves for everything a server answered, an error result included, and for a tool that is
 * unknown or arguments that do not fit (`isError`). It throws `tool_server_unavailable` when the call
 * certainly was not sent, and `tool_outcome_unknown` when it was sent and no answer came. `onProgress` is told what
 * the server says meanwhile.
 */
export interface ToolProvider {
  list(allowed: readonly string[] | undefined, signal: AbortSignal): Promise<Toolset>;
  call(
    call: ToolCall,
    signal: AbortSignal,
    onProgress?: (progress: ToolProgress) => void,
  ): Promise<ToolOutput>;
}

export interface ModelRequest {
  /** `provider/model`, as the agent has it. */
  model: string;
  system?: string | undefined;
  messages: Message[];
  tools: readonly ToolDefinition[];
  maxTokens: number;
  thinking?: Record<string, unknown> | undefined;
  sampling?: AgentSpec['sampling'];
  timeoutMs: number;
  /** Opaque id sent along, so that a provider's log can be joined with the fleet's. */
  jobId: string;
}

export interface ModelReply {
  content: ContentBlock[];
  stopReason: string;
  /** The stop sequence at which it ended, if it did. */
  stopSequence?: string | undefined;
  model: string;
  requestId?: string | undefined;
  usage: Usage;
}

/** A model provider. Throws a FleetError: `again` for transient failures, `never` for the rest. */
export interface Model {
  complete(
    request: ModelRequest,
    options: { signal: AbortSignal; onDelta?: (text: string) => void },
  ): Promise<ModelReply>;
  /** True for a model whose provider takes batches of calls; absent: none does. */
  takesBatches?(model: string): boolean;
}

/** Time and chance, so that the core has none of its own. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** At least 0, less than 1. */
  random(): number;
  /** A signal that aborts after a time, unless it is canceled first. */
  alarm(ms: number): Alarm;
}

export interface Alarm {
  signal: AbortSignal;
  cancel(): void;
}
