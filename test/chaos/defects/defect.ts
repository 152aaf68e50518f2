import type { Fleet } from '../fleet/setup.ts';
import type { TopologyName } from '../options.ts';

/** A deliberate defect, which the checker has to notice. */
export interface Defect {
  name: string;
  /** What is broken, in words. */
  what: string;
  topology: TopologyName;
  /** Faults that bring it to light, by the beginnings of their names. */
  faults: string[];
  /** Seconds of faults; the run ends when they are over and all jobs have ended. */
  seconds: number;
  /** Checks of which at least one has to notice it. */
  caughtBy: string[];
  /** A change of source text, made as the module is loaded. */
  source?: SourceChange;
  /** A change of the database. */
  prepare?: (fleet: Fleet) => Promise<void>;
}

/** Replaces text in one module. Each pattern has to be there, so that a defect cannot quietly stop to apply. */
export interface SourceChange {
  /** The end of the module's path. */
  module: string;
  replacements: { find: string; by: string }[];
}

/** The mark of a process in which a defect's source was changed. */
export const applied = 'applied';
