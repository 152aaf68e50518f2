import { readFileSync } from 'node:fs';
import { type AgentSpec, agentSettings, composeAgent, FleetError } from '@mcp-fleet/core';
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
  const content = file === null ? {} : parseJson(file);
  const section = z.object({ agents: agents.default({}) }).safeParse(content);
  if (!section.success) {
    const problems = section.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new FleetError('invalid_config', `${file?.path}: ${problems.join('; ')}.`);
  }
  const byName = new Map<string, AgentSpec>();
  const fallback = section.data.agents.default ?? {};
  for (const [name, agent] of Object.entries({ default: {}, ...section.data.agents })) {
    byName.set(name, composeAgent({ name, version: 1 }, { model }, fallback, agent));
  }
  return byName;
}

function parseJson(file: ConfigFile): unknown {
  try {
    return JSON.parse(file.text);
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new FleetError('invalid_config', `${file.path} is not JSON: ${reason}.`, { cause: thrown });
  }
}
