import type { Property } from './tool-schema.ts';

/** A value that a text holds, and the part of the text that it was read from. */
export interface Found<T> {
  value: T;
  source: string;
}

const quotes = `"([^"]*)"|'([^']*)'|\`([^\`]*)\`|“([^”]*)”`;
const quoted = new RegExp(quotes);

/** `key=value`, `key: value`, or `key value` up to the next comma or argument. */
export function namedValue({ name }: Property, text: string, all: readonly Property[]): Found<string> | null {
  const key = escapeRegExp(name).replace(/_|\\?-/g, '[\\s_-]?');
  const assigned = new RegExp(
    `(?<!\\w)["'\`]?${key}["'\`]?\\s*[=:]\\s*(?:${quotes}|(\\[[^\\]]*\\])|([^\\s,;)]+))`,
    'i',
  );
  const direct = assigned.exec(text);
  if (direct) return { value: trimmed(captured(direct)), source: direct[0] };
  if (name.length < 2) return null;
  const others = all.filter((each) => each.name !== name && each.name.length > 1);
  const names = others.map((each) => escapeRegExp(each.name)).join('|');
  const stop = names === '' ? '$' : `(?:\\b(?:and|with)\\s+)?\\b(?:${names})\\b|$`;
  const spoken = new RegExp(
    `(?<!\\w)${key}\\b\\s+(?:is\\s+|of\\s+|to\\s+)?(?:${quotes}|([^,;\\n]+?))\\s*(?=[,;\\n]|${stop})`,
    'i',
  );
  const loose = spoken.exec(text);
  return loose ? { value: trimmed(captured(loose)), source: loose[0] } : null;
}

/** The first text in quotation marks. */
export function quotedValue(text: string): Found<string> | null {
  const found = quoted.exec(text);
  return found && { value: captured(found), source: found[0] };
}

/** The first JSON object of a text. */
export function jsonObject(text: string): Found<Record<string, unknown>> | null {
  const start = text.indexOf('{');
  if (start < 0) return null;
  for (let end = text.indexOf('}', start); end >= 0; end = text.indexOf('}', end + 1)) {
    const source = text.slice(start, end + 1);
    try {
      return { value: JSON.parse(source) as Record<string, unknown>, source };
    } catch {}
  }
  return null;
}

export function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\-]/g, '\\$&');
}

function captured(match: RegExpExecArray): string {
  return match.slice(1).find((group) => group !== undefined) ?? '';
}

function trimmed(text: string): string {
  return text.replace(/[.?!]$/, '');
}
