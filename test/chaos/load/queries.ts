import type { Random } from '../random.ts';
import { toolNames } from '../servers/behaviour.ts';
import { toolServers } from '../servers/ledgers.ts';

/** How many rounds, and calls of a round, a query has at most, and the first call's number. */
interface Size {
  rounds: number;
  calls: number;
  from: number;
}

/**
 * Writes queries that the simulator's planner turns into rounds of parallel tool calls of every safety: one to
 * three of one to four, unless told. Every call has a number of its own, so that ledgers and records can be compared.
 */
export function queryWriter(random: Random, size: Size = { rounds: 3, calls: 4, from: 0 }): () => string {
  let n = size.from;
  const call = () => {
    n += 1;
    return `${random.pick(toolServers)}.${random.pick(toolNames)}(${n})`;
  };
  const round = () => Array.from({ length: random.between(1, size.calls) }, call).join(' ');
  return () => Array.from({ length: random.between(1, size.rounds) }, round).join(', then ');
}
