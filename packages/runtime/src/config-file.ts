import { readFileSync } from 'node:fs';
import {
  type AgentSpec,
  agentSettings,
  composeAgent,
  FleetError,
  type PriceList,
  priceList,
  prices,
} from '@mcp-fleet/core';
import { z } from 'zod';

const agents = z.record(z.string().min(1).max(64), agentSettings);

/** A fleet's configuration file as text, for the parsers of its sections. */
export interface ConfigFile {
  path: string;
  text: string;
}

/** Reads a configuration file. Throws `invalid_config` when it cannot be read. */
export function readConfigFile(path: string): ConfigFile {
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new FleetError('invalid_config', `The configuration file ${path} cannot be read: ${reason}.`, {
      cause: thrown,
    });
  }
}

/** The agents that jobs may name. `default` is always there. */
export type Agents = ReadonlyMap<string, AgentSpec>;

/**
 * The `agents` section: `{"agents": {"default": {"model": …, "system": …}}}`. What an agent leaves out is the
 * default's; `model` is what the fleet was started with. Throws `invalid_config` with the file and the key.
 */
export function parseAgents(file: ConfigFile | null, model: string): Agents {
  const section = parseSection(file, z.object({ agents: agents.default({}) }));
  const byName = new Map<string, AgentSpec>();
  const fallback = section.agents.default ?? {};
  for (const [name, agent] of Object.entries({ default: {}, ...section.agents })) {
    byName.set(name, composeAgent({ name, version: 1 }, { model }, fallback, agent));
  }
  return byName;
}

/**
 * The `prices` section: `{"prices": {"openai/my-model": {"input": 1, "output": 4}}}`, US dollars per million
 * tokens. They come before the published ones. Throws `invalid_config` with the file and the key.
 */
export function parsePrices(file: ConfigFile | null): PriceList {
  if (file === null) return priceList();
  return priceList(parseSection(file, z.object({ prices: prices.default({}) })).prices);
}

/** The names of the MCP servers that a configuration file enables; null when it says nothing of servers. */
export function serverNames(file: ConfigFile | null): string[] | null {
  const entry = z.looseObject({ disabled: z.boolean().optional() });
  const schema = z.object({ mcpServers: z.record(z.string(), entry).optional() });
  const { mcpServers } = parseSection(file, schema);
  if (mcpServers === undefined) return null;
  return Object.keys(mcpServers).filter((name) => mcpServers[name]?.disabled !== true);
}

function parseSection<Output>(file: ConfigFile | null, schema: z.ZodType<Output>): Output {
  const section = schema.safeParse(file === null ? {} : parseJson(file));
  if (section.success) return section.data;
  const problems = section.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  throw new FleetError('invalid_config', `${file?.path}: ${problems.join('; ')}.`);
}

function parseJson(file: ConfigFile): unknown {
  try {
    return JSON.parse(file.text);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new FleetError('invalid_config', `${file.path} is not JSON: ${reason}.`, { cause: thrown });
  }
}
