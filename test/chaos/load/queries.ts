import type { Random } from '../random.ts';
import { toolNames } from '../servers/behaviour.ts';
import { toolServers } from '../servers/ledgers.ts';

/**
 * Writes queries that the simulator's planner turns into one to three rounds of one to four parallel tool
 * calls of every safety. Every call has a number of its own, so that ledgers and records can be compared.
 */
export function queryWriter(random: Random): () => string {
  let n = 0;
  const call = () => {
    n += 1;
    return `${random.pick(toolServers)}.${random.pick(toolNames)}(${n})`;
  };
  const round = () => Array.from({ length: random.between(1, 4) }, call).join(' ');
  return () => Array.from({ length: random.between(1, 3) }, round).join(', then ');
}
