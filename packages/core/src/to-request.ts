import type { Job } from './job.ts';
import type { Message } from './message.ts';
import type { ModelRequest, Toolset } from './ports.ts';
import { type Step, turnMessages } from './step.ts';

/** What the model is asked next: a pure function of the context and the record. */
export function toRequest(
  { id, agent, query }: Job,
  context: readonly Message[],
  steps: readonly Step[],
  { tools }: Toolset,
): ModelRequest {
  return {
    model: agent.model,
    system: agent.system,
    messages: [...context, ...turnMessages(query, steps)],
    tools,
    maxTokens: agent.maxTokens,
    thinking: agent.thinking,
    sampling: agent.sampling,
    timeoutMs: agent.limits.modelTimeoutMs,
    jobId: id,
  };
}
