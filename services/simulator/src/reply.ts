import { hash } from 'node:crypto';
import type { ScriptedReply } from './control.ts';
import { type Block, type Conversation, type Reply, type ReplyUsage, tokensOf } from './conversation.ts';
import { planReply } from './plan-reply.ts';

/** The reply that the planners come to. Identical conversations get identical replies, ids included. */
export function plannedReply(conversation: Conversation): Reply {
  const text = JSON.stringify(conversation.messages);
  const id = hashOf(text);
  const plan = planReply(conversation);
  if (plan.calls.length === 0) return limited(plan.text, id, conversation, text);
  const content: Block[] = [
    { type: 'text', text: plan.text },
    ...plan.calls.map(({ name, input }, at) => ({ type: 'tool_use', id: `toolu_${id}${at}`, name, input })),
  ];
  return { id, content, stopReason: 'tool_use', usage: countUsage(conversation, content, text) };
}

/** A scripted reply with what the script left out filled in. */
export function composeReply(conversation: Conversation, scripted: ScriptedReply): Reply {
  const text = JSON.stringify(conversation.messages);
  const content =
    typeof scripted.content === 'string'
      ? [{ type: 'text', text: scripted.content }]
      : ((scripted.content ?? []) as Block[]);
  const stopReason = content.some((block) => block.type === 'tool_use') ? 'tool_use' : 'end_turn';
  const usage = { ...countUsage(conversation, content, text), ...(scripted.usage as Partial<ReplyUsage>) };
  return { id: hashOf(text), content, stopReason: scripted.stop_reason ?? stopReason, usage };
}

/** Tokens of everything that a request sends, estimated by length. */
export function countInput({ system, tools }: Conversation, messages: string): number {
  return tokensOf(system, messages, tools.length === 0 ? '' : JSON.stringify(tools));
}

function limited(text: string, id: string, conversation: Conversation, messages: string): Reply {
  const cut = tokensOf(text) > conversation.maxTokens;
  const content = [{ type: 'text', text: cut ? text.slice(0, conversation.maxTokens * 4) : text }];
  const usage = countUsage(conversation, content, messages);
  return { id, content, stopReason: cut ? 'max_tokens' : 'end_turn', usage };
}

function countUsage(conversation: Conversation, content: Block[], messages: string): ReplyUsage {
  return {
    input_tokens: countInput(conversation, messages),
    output_tokens: tokensOf(JSON.stringify(content)),
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
  };
}

function hashOf(text: string): string {
  return hash('sha1', text, 'hex').slice(0, 24);
}
