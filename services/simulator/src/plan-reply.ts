import type { Conversation } from './conversation.ts';
import { planArithmetic, reportArithmetic } from './planners/arithmetic.ts';
import { planCompoundInterest, reportCompoundInterest } from './planners/compound-interest.ts';
import { planFittingTool, planNamedTools } from './planners/named-tool.ts';
import { type Call, type Done, nothing, type Planned, type Turn } from './planners/plan.ts';
import { resultNumber } from './planners/read-numbers.ts';
import { doneIn, readTurn } from './planners/read-turn.ts';
import { acknowledge, recall } from './planners/recall.ts';
import { planStatistics, reportStatistics } from './planners/statistics.ts';
import { bareName } from './planners/tool-schema.ts';

/** Longest part of a tool's result, or of a query, that a reply repeats. */
const longestQuote = 1000;

/**
 * Plans a reply by rules, not by a language model: which offered tools to call, or what to say. Numbers come
 * from tools alone, and the text says that it is simulated.
 */
export function planReply(conversation: Conversation): { text: string; calls: Call[] } {
  const turn = readTurn(conversation);
  const { text, calls } = decide(turn);
  return { text: `${text} [simulated]`, calls };
}

function decide(turn: Turn): { text: string; calls: Call[] } {
  if (turn.done.some((done) => done.isError)) return { text: report(turn), calls: [] };
  const steps = stepsOf(turn);
  const calls = steps.filter((step) => step.calls.length > 0)[turn.rounds]?.calls;
  if (calls) return { text: announce(calls), calls };
  if (turn.done.length > 0) return { text: report(turn), calls: [] };
  return { text: converse(turn, steps), calls: [] };
}

/** `A, then B` is two rounds; B may speak of A's result as `that`. */
function stepsOf(turn: Turn): Planned[] {
  const pieces = turn.query.split(/[,;.]?\s+(?:and\s+)?then\s+/i);
  const steps = pieces.map((piece) => planCalls(piece, turn));
  const fruitless = pieces.length > 1 && steps.every((step) => step.calls.length === 0);
  return fruitless ? [planCalls(turn.query, turn)] : steps;
}

function planCalls(text: string, turn: Turn): Planned {
  const named = planNamedTools(text, turn);
  if (named.calls.length > 0) return named;
  const compound = planCompoundInterest(text, turn);
  const statistics = planStatistics(text, turn);
  const arithmetic = planArithmetic(statistics.rest, turn, lastNumber(turn));
  const all = [compound, statistics, arithmetic, named];
  const planned = { calls: all.flatMap((each) => each.calls), missing: all.flatMap((each) => each.missing) };
  if (planned.calls.length > 0 || planned.missing.length > 0) return planned;
  return recall(turn) === null ? planFittingTool(text, turn) : nothing;
}

/** What `that` stands for: the newest number that a tool came to. */
function lastNumber({ done, earlier }: Turn): number | undefined {
  const newest = done.at(-1) ?? doneIn(earlier).at(-1);
  return newest && resultNumber(newest.text);
}

function announce(calls: readonly Call[]): string {
  return `I call ${calls.map(({ name }) => name).join(', ')}.`;
}

function report({ done, query }: Turn): string {
  return done.map((call) => sentence(call, query)).join('\n');
}

function sentence(call: Done, query: string): string {
  if (call.isError) return `The tool ${call.name} failed: ${quote(call.text)}`;
  return (
    reportCompoundInterest(call) ??
    reportStatistics(call, query) ??
    reportArithmetic(call) ??
    `${bareName(call.name)} answered: ${quote(call.text)}`
  );
}

function converse(turn: Turn, steps: readonly Planned[]): string {
  const recalled = recall(turn);
  if (recalled !== null) return recalled;
  const missing = steps.flatMap((step) => step.missing);
  if (missing.length > 0) return `I would need ${missing.join(', and ')}.`;
  return (
    acknowledge(turn) ??
    `You asked: “${quote(turn.query)}”. None of the offered tools fits, so I have nothing to add.`
  );
}

function quote(text: string): string {
  return text.length <= longestQuote ? text : `${text.slice(0, longestQuote)}…`;
}
