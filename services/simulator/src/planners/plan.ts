import type { Message, OfferedTool } from '../conversation.ts';

/** A tool call that a planner decided on. */
export interface Call {
  name: string;
  input: Record<string, unknown>;
}

/** What a planner made of a text: calls, or what it would need to know. */
export interface Planned {
  calls: Call[];
  missing: string[];
}

/** A call of this turn with what came of it. */
export interface Done extends Call {
  text: string;
  isError: boolean;
}

/** The turn that is being answered. */
export interface Turn {
  query: string;
  tools: readonly OfferedTool[];
  /** The messages in front of the query. */
  earlier: readonly Message[];
  done: readonly Done[];
  /** Rounds of tool calls since the query. */
  rounds: number;
}

/** A planner's answer to a text that is none of its business. */
export const nothing: Planned = { calls: [], missing: [] };
