import type { OfferedTool } from '../conversation.ts';
import { type Call, nothing, type Planned, type Turn } from './plan.ts';
import { numbersIn } from './read-numbers.ts';
import { isNumberList, propertiesOf, wordsOf } from './tool-schema.ts';

const names =
  'mean|average|median|mode|standard deviation|std ?dev|stddev|variance|statistics|sum|total|min(?:imum)?|max(?:imum)?';
const list = '\\[?\\s*(-?\\d[\\d.]*(?:\\s*(?:,\\s*and\\b|,|;|and\\b|\\s)\\s*-?\\d[\\d.]*)+)\\s*\\]?';
const pattern = new RegExp(
  `\\b((?:${names})(?:\\s*(?:,\\s*and|,|and)\\s*(?:the\\s+)?(?:${names}))*)\\b[^\\d\\[;?!]{0,40}?${list}`,
  'gi',
);
const name = new RegExp(`\\b(?:${names})\\b`, 'gi');

/** Plans a call for each list of numbers whose mean, median or the like is asked for; `rest` is the other text. */
export function planStatistics(text: string, { tools }: Turn): Planned & { rest: string } {
  const calls: Call[] = [];
  const rest = text.replace(pattern, (whole, asked: string, numbers: string) => {
    const target = toolFor(asked, tools);
    if (!target) return whole;
    calls.push({ name: target.tool.name, input: { [target.property]: numbersIn(spread(numbers)) } });
    return ' ';
  });
  return calls.length === 0 ? { ...nothing, rest: text } : { calls, missing: [], rest };
}

/** The lines of a summary that the query asked for, as sentences; null when it is not such a result. */
export function reportStatistics(call: Call & { text: string }, query: string): string | null {
  const numbers = Object.values(call.input).find(Array.isArray) as unknown[] | undefined;
  if (!numbers) return null;
  const asked = new Set([...query.matchAll(name)].map(([word]) => word.toLowerCase()));
  const sentences = [...asked].flatMap((word) => {
    const line = new RegExp(`\\b${stem(word)}\\w*\\W{1,4}(-?\\d+(?:\\.\\d+)?(?:e[+-]?\\d+)?)`, 'i');
    const value = line.exec(call.text)?.[1];
    return value === undefined ? [] : [`The ${word} of ${numbers.join(', ')} is ${value}`];
  });
  return sentences.length === 0 ? null : sentences.join('. ');
}

/** A tool of that very name first, then one that summarises. */
function toolFor(asked: string, tools: Turn['tools']): { tool: OfferedTool; property: string } | null {
  const fitting = tools.flatMap((tool) => {
    const property = propertiesOf(tool).find(isNumberList);
    return property ? [{ tool, property: property.name }] : [];
  });
  const word = stem(asked.split(/\W/)[0] ?? '');
  const summarises = ({ tool }: { tool: OfferedTool }) =>
    wordsOf(tool).includes(word) || /statistic|summar/.test(wordsOf(tool));
  return (
    fitting.find(({ tool }) => tool.name.toLowerCase().includes(word)) ?? fitting.find(summarises) ?? null
  );
}

/** Commas between the items of a list are not thousands separators. */
function spread(numbers: string): string {
  return numbers.replaceAll(',', ' , ');
}

function stem(word: string): string {
  const lower = word.toLowerCase();
  if (lower === 'average') return 'mean';
  if (lower === 'total') return 'sum';
  if (/^(standard|std)/.test(lower)) return 'st';
  return lower.replace(/imum$/, '');
}
