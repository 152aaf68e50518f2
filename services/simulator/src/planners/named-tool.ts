import type { OfferedTool } from '../conversation.ts';
import { fillArguments } from './fill-arguments.ts';
import { type Call, nothing, type Planned, type Turn } from './plan.ts';
import { mentionsIn } from './tool-mentions.ts';
import { bareName, wordsOf } from './tool-schema.ts';

/** Plans a call for every offered tool that a text names, with the arguments that stand near its name. */
export function planNamedTools(text: string, { tools }: Turn): Planned {
  const mentions = mentionsIn(text, tools);
  const planned: Planned = { calls: [], missing: [] };
  for (const [at, { tool, end }] of mentions.entries()) {
    const after = text.slice(end, mentions[at + 1]?.at);
    const around = mentions.length === 1 ? `${text.slice(0, mentions[0]?.at)} ${after}` : after;
    const call = tryCall(tool, [clean(after), clean(around)], true);
    if ('input' in call) planned.calls.push(call);
    else planned.missing.push(call.missing);
  }
  return planned;
}

/** Plans a call to the tool that shares most words with a text, if its arguments can be filled. */
export function planFittingTool(text: string, { tools }: Turn): Planned {
  const asked = new Set(text.toLowerCase().match(/[a-z]{3,}/g) ?? []);
  let best: { tool: OfferedTool; score: number } | undefined;
  for (const tool of tools) {
    const name = bareName(tool.name).toLowerCase().split(/[_-]/);
    const named = name.filter((word) => asked.has(word) || asked.has(`${word}s`)).length;
    const described = new Set(wordsOf(tool).match(/[a-z]{4,}/g) ?? []);
    const score = named * 2 + [...described].filter((word) => asked.has(word)).length;
    if (named > 0 && score >= 3 && score > (best?.score ?? 0)) best = { tool, score };
  }
  if (!best) return nothing;
  const call = tryCall(best.tool, [text], false);
  return 'input' in call ? { calls: [call], missing: [] } : nothing;
}

function tryCall(tool: OfferedTool, texts: string[], freeText: boolean): Call | { missing: string } {
  let missing: string[] = [];
  for (const text of texts) {
    const filled = fillArguments(tool, text, freeText);
    if (filled.missing.length === 0) return { name: tool.name, input: filled.input };
    missing = filled.missing;
  }
  return { missing: `${missing.map((name) => `\`${name}\``).join(' and ')} for ${tool.name}` };
}

/** Drops the words that only lead to and from an argument. */
function clean(text: string): string {
  return text
    .replace(/^(?:\s*(?:please|can you|could you|now|use|call|run|invoke|the|tool|to|with|and|on)\b)+/i, '')
    .replace(/(?:[\s,;.]*\b(?:and|then|also|please|call|use|run|invoke|the|using)\b)+\s*$/i, '')
    .trim();
}
