import { parseArgs } from 'node:util';

export const topologyNames = ['fleet', 'postgres'] as const;
export type TopologyName = (typeof topologyNames)[number];

/** What a run of the suite was asked for. */
export interface ChaosOptions {
  minutes: number;
  seed: number;
  /** Lines of a batch beside the other jobs. */
  batch: number;
  topology: TopologyName;
  /** Names of faults, or beginnings of names; empty means all. */
  only: string[];
  /** The same for faults that are left out. */
  without: string[];
  json: boolean;
  /** A deliberate defect to switch on. */
  mutate: string | null;
  /** Every defect in turn, each in a short run of its own. */
  mutations: boolean;
}

const longestMinutes = 120;
const mostLines = 100_000;

/** Reads the command line. Throws an Error whose message says what was expected. */
export function parseOptions(args: string[]): ChaosOptions {
  const { values } = parseArgs({
    args,
    options: {
      minutes: { type: 'string', default: '2' },
      seed: { type: 'string', default: '1' },
      batch: { type: 'string', default: '0' },
      topology: { type: 'string', default: 'fleet' },
      only: { type: 'string', multiple: true, default: [] },
      without: { type: 'string', multiple: true, default: [] },
      json: { type: 'boolean', default: false },
      mutate: { type: 'string' },
      mutations: { type: 'boolean', default: false },
    },
  });
  const minutes = Number(values.minutes);
  const seed = Number(values.seed);
  const batch = Number(values.batch);
  const topology = topologyNames.find((name) => name === values.topology);
  if (!(minutes > 0 && minutes <= longestMinutes)) {
    throw new Error(`--minutes was ${values.minutes}; expected more than 0 and at most ${longestMinutes}.`);
  }
  if (!Number.isSafeInteger(seed)) throw new Error(`--seed was ${values.seed}; expected a whole number.`);
  if (!(Number.isSafeInteger(batch) && batch >= 0 && batch <= mostLines)) {
    throw new Error(`--batch was ${values.batch}; expected lines, at most ${mostLines}.`);
  }
  if (topology === undefined) {
    throw new Error(`--topology was ${values.topology}; expected ${topologyNames.join(' or ')}.`);
  }
  const { json, mutate = null, mutations } = values;
  const only = namesIn(values.only);
  const without = namesIn(values.without);
  return { minutes, seed, batch, topology, only, without, json, mutate, mutations };
}

const namesIn = (lists: string[]): string[] => lists.flatMap((names) => names.split(','));
