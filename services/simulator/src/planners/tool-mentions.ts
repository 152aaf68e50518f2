import type { OfferedTool } from '../conversation.ts';
import { escapeRegExp } from './named-value.ts';
import { bareName } from './tool-schema.ts';

/** Where a text names a tool. */
export interface Mention {
  tool: OfferedTool;
  at: number;
  end: number;
}

/** The offered tools that a text names, in its order; where two overlap, the longer mention. */
export function mentionsIn(text: string, tools: readonly OfferedTool[]): Mention[] {
  const lower = text.toLowerCase();
  const found: Mention[] = [];
  for (const tool of tools) {
    const bare = bareName(tool.name).toLowerCase();
    if (!lower.includes(bare) && !lower.includes(bare.replace(/[_-]/g, ' '))) continue;
    for (const match of text.matchAll(spelling(tool.name))) {
      found.push({ tool, at: match.index, end: match.index + match[0].length });
    }
  }
  found.sort((a, b) => a.at - b.at || b.end - a.end);
  const kept: Mention[] = [];
  for (const mention of found) {
    if (mention.at >= (kept.at(-1)?.end ?? 0)) kept.push(mention);
  }
  return kept;
}

/** A name of several parts counts wherever it stands; a plain word only where the text speaks of a tool. */
function spelling(offered: string): RegExp {
  const bare = bareName(offered);
  const exact = escapeRegExp(bare);
  const plain = exact.replace(/_|\\-/g, '[\\s_-]');
  const server = offered.length === bare.length ? null : offered.slice(0, -bare.length - 2);
  const spellings = [
    ...(server === null ? [] : [`${escapeRegExp(server)}(?:__|[./])${exact}`]),
    ...(/[_-]|[a-z][A-Z]/.test(bare) ? [exact] : []),
    `(?:use|call|run|invoke|try|using|via)\\s+(?:the\\s+)?["'\`]?${plain}`,
    `${plain}(?=["'\`]?\\s+tool\\b)`,
    `${plain}(?=\\()`,
  ];
  return new RegExp(`(?<![\\w-])["'\`]?(?:${spellings.join('|')})(?![\\w-])["'\`]?(?:\\s+tool\\b)?`, 'gi');
}
