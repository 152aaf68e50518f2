import { fromInput, growthMapping, toInput } from './growth-tool.ts';
import { type Call, nothing, type Planned, type Turn } from './plan.ts';
import { type Growth, readGrowth } from './read-growth.ts';
import { dollars, resultNumber } from './read-numbers.ts';
import { doneIn } from './read-turn.ts';

/** Plans a calculation for each set of parameters in a text, or for a change to the last one of the session. */
export function planCompoundInterest(text: string, { tools, earlier }: Turn): Planned {
  const sets = split(text)
    .map(readGrowth)
    .filter((set) => Object.keys(set).length > 0);
  if (sets.length === 0) return nothing;
  const tool = tools.find((each) => growthMapping(each) !== null);
  const mapping = tool && growthMapping(tool);
  if (!tool || !mapping) return nothing;
  const complete = sets.some(({ principal, rate, years }) => principal && rate !== undefined && years);
  const before = complete ? undefined : lastGrowth(earlier, tools);
  if (!(complete || before || /compound|interest/i.test(text))) return nothing;

  const planned: Planned = { calls: [], missing: [] };
  let base: Partial<Growth> = before ?? { periods: 1 };
  for (const set of sets) {
    base = { ...base, ...set };
    const absent = (['principal', 'rate', 'years'] as const).filter((role) => base[role] === undefined);
    if (absent.length > 0) planned.missing.push(...absent.map((role) => `the ${role} for ${tool.name}`));
    else planned.calls.push({ name: tool.name, input: toInput(base as Growth, mapping) });
  }
  return planned;
}

/** `Final amount after 2 years is $1,104.49`, the number being the tool's; null for other tools' calls. */
export function reportCompoundInterest(call: Call & { text: string }): string | null {
  const years = fromInput(call.input)?.years;
  const amount = years === undefined ? undefined : resultNumber(call.text);
  if (amount === undefined) return null;
  return `Final amount after ${years} ${years === 1 ? 'year' : 'years'} is ${dollars(amount)}`;
}

function lastGrowth(earlier: Turn['earlier'], tools: Turn['tools']): Partial<Growth> | undefined {
  for (const call of doneIn(earlier).reverse()) {
    const tool = tools.find(({ name }) => name === call.name);
    const mapping = tool && growthMapping(tool);
    const growth = mapping && fromInput(call.input, mapping);
    if (growth) return growth;
  }
  return undefined;
}

/** One piece for every principal that is named. */
function split(text: string): string[] {
  const starts = [...text.matchAll(/\$\s?\d|\b(?:P|principal)\s*[=:]/g)].map(({ index }) => index);
  if (starts.length < 2) return [text];
  return starts.map((start, at) => text.slice(at === 0 ? 0 : start, starts[at + 1]));
}
