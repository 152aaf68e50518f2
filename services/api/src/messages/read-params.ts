import {
  type AgentSettings,
  type AgentSpec,
  type ContentBlock,
  composeAgent,
  FleetError,
  type Message,
} from '@mcp-fleet/core';
import type { Agents } from '@mcp-fleet/runtime';
import type { InputMessage, MessageParams, TokenParams } from '../schemas/messages.ts';
import { allowedTools } from './allowed-tools.ts';
import { fleetModel } from './fleet-model.ts';

/** Name of the agent that requests of this surface run with. */
export const messagesAgent = 'messages';

/** The default agent's limits, and nothing of what a request says itself. */
export function agentOfMessages(agents: Agents): AgentSpec {
  const { name, version, system, thinking, sampling, ...rest } = agents.get('default') as AgentSpec;
  return composeAgent({ name: messagesAgent, version: 1 }, { ...rest, tools: [] });
}

/** A request in the fleet's terms. */
export interface AskedMessage {
  context: Message[];
  query: ContentBlock[];
  metadata: Record<string, string>;
  settings: AgentSettings;
}

/** What a request amounts to as a line of a batch, or as a job. Throws a FleetError that names the field. */
export function readParams(
  params: Omit<MessageParams, 'stream'>,
  agent: AgentSpec,
  servers: readonly string[] | null,
): AskedMessage {
  const { context, query } = readMessages(params.messages);
  const userId = params.metadata?.user_id;
  return {
    context,
    query,
    metadata: userId == null ? {} : { user_id: userId },
    settings: {
      model: fleetModel(params.model, agent.model),
      maxTokens: params.max_tokens,
      tools: allowedTools(params, servers),
      ...(params.system === undefined ? {} : { system: systemText(params.system) }),
      ...(params.thinking === undefined ? {} : { thinking: params.thinking }),
      ...samplingOf(params),
    },
  };
}

/** The last message is the query, those before it are the context. */
export function readMessages(messages: readonly InputMessage[]): {
  context: Message[];
  query: ContentBlock[];
} {
  const read = messages.map(({ role, content }) => ({ role, content: toBlocks(content) }));
  const query = read.at(-1);
  if (read[0]?.role !== 'user') throw refused("messages.0: the first message has to be the user's");
  if (query?.role !== 'user') {
    throw refused(
      `messages.${read.length - 1}: the last message has to be the user's; beginnings of a reply are not offered`,
    );
  }
  return { context: read.slice(0, -1), query: query.content };
}

const toBlocks = (content: InputMessage['content']): ContentBlock[] =>
  typeof content === 'string' ? [{ type: 'text', text: content }] : content;

export const systemText = (system: NonNullable<TokenParams['system']>): string =>
  typeof system === 'string' ? system : system.map(({ text }) => text).join('\n\n');

function samplingOf(params: Omit<MessageParams, 'stream'>): Pick<AgentSettings, 'sampling'> {
  const sampling = {
    ...(params.temperature === undefined ? {} : { temperature: params.temperature }),
    ...(params.top_p === undefined ? {} : { topP: params.top_p }),
    ...(params.top_k === undefined ? {} : { topK: params.top_k }),
    ...(params.stop_sequences === undefined ? {} : { stopSequences: params.stop_sequences }),
  };
  return Object.keys(sampling).length === 0 ? {} : { sampling };
}

const refused = (message: string) => new FleetError('invalid_request', `${message}.`);
