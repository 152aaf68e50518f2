import { type AgentSpec, type Batch, FleetError, type NewLine } from '@mcp-fleet/core';
import { findAgent } from '../find-agent.ts';
import type { ApiParts } from '../parts.ts';
import { invalid, parseLine } from './parse-line.ts';
import { longestLine } from './read-lines.ts';

/** Sessions that are remembered to be there. */
const mostSessions = 10_000;

/** Checks lines one by one, with the agents and sessions that they name, which are looked up once. */
export class LineChecker {
  readonly #parts: Pick<ApiParts, 'agents' | 'store'>;
  readonly #batch: Pick<Batch, 'tenant' | 'agent'>;
  readonly #agents: Map<string, AgentSpec>;
  readonly #sessions = new Set<string>();

  constructor(parts: Pick<ApiParts, 'agents' | 'store'>, batch: Pick<Batch, 'tenant' | 'agent' | 'agents'>) {
    this.#parts = parts;
    this.#batch = batch;
    this.#agents = new Map(Object.entries(batch.agents));
  }

  /** The agents of the batch and of its lines so far. */
  get agents(): Record<string, AgentSpec> {
    return Object.fromEntries(this.#agents);
  }

  /** Null for a blank line. `text` is null for one that is too long to be read. */
  async check(n: number, text: string | null): Promise<NewLine | null> {
    if (text === null) return invalid(n, `longer than ${longestLine} bytes`, null);
    if (text.trim() === '') return null;
    return parseLine(n, text, this.#batch.agent, {
      agent: (name) => this.#agent(name),
      session: (id) => this.#session(id),
    });
  }

  async #agent(name: string): Promise<void> {
    if (this.#agents.has(name)) return;
    this.#agents.set(name, await findAgent(this.#parts, this.#batch.tenant, name));
  }

  async #session(id: string): Promise<void> {
    if (this.#sessions.has(id)) return;
    if ((await this.#parts.store.session(this.#batch.tenant, id)) === null) {
      throw new FleetError('session_not_found', `session_id: there is no session ${id}`);
    }
    if (this.#sessions.size >= mostSessions) this.#sessions.clear();
    this.#sessions.add(id);
  }
}
