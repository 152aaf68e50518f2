import type { OfferedTool } from '../conversation.ts';
import { escapeRegExp, type Found, jsonObject, namedValue, quotedValue } from './named-value.ts';
import { expressionsIn } from './read-expressions.ts';
import { numbersIn } from './read-numbers.ts';
import { isNumberList, isNumeric, type Property, propertiesOf } from './tool-schema.ts';

/** Arguments for a tool and the required ones that the text does not name. */
export interface Filled {
  input: Record<string, unknown>;
  missing: string[];
}

/**
 * Fills a tool's arguments from a text: a JSON object, `key=value`, then what types and names suggest.
 *
 * @param freeText whether words that nothing marks as an argument may be taken for one
 */
export function fillArguments(tool: OfferedTool, text: string, freeText: boolean): Filled {
  const properties = propertiesOf(tool);
  const json = jsonObject(text);
  const input: Record<string, unknown> = json ? { ...json.value } : {};
  let rest = json ? text.replace(json.source, ' ') : text;
  const fill = (read: (property: Property) => Found<unknown> | null) => {
    for (const property of properties) {
      const found = property.name in input ? null : read(property);
      if (found === null) continue;
      input[property.name] = found.value;
      if (found.source !== '') rest = rest.replace(found.source, ' ');
    }
  };
  fill((property) => {
    const found = namedValue(property, rest, properties);
    return found && { value: coerce(found.value, property), source: found.source };
  });
  fill((property) => suggested(property, rest, freeText));
  const missing = properties.filter(({ name, required }) => required && !(name in input));
  return { input, missing: missing.map(({ name }) => name) };
}

function coerce(text: string, property: Property): unknown {
  if (isNumeric(property)) {
    const value = Number(text.replace(/[$,%]/g, ''));
    return Number.isFinite(value) ? value : text;
  }
  if (property.type === 'boolean') return /^(true|yes|on|1)$/i.test(text);
  if (isNumberList(property)) return numbersIn(text.replaceAll(',', ' , '));
  if (property.type === 'array' || property.type === 'object') return structured(text, property.type);
  return text;
}

function structured(text: string, type: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return type === 'array' ? text.replace(/^\[|\]$/g, '').split(/\s*,\s*/) : { value: text };
  }
}

/** Optional arguments are filled only where name and text fit beyond doubt. */
function suggested(property: Property, text: string, freeText: boolean): Found<unknown> | null {
  const { name, type, schema, required } = property;
  if ('const' in schema) return { value: schema.const, source: '' };
  const shaped = type === 'string' ? byName(name, text) : undefined;
  if (shaped) return { value: shaped, source: shaped };
  if (!required) return null;
  if (Array.isArray(schema.enum)) return { value: choice(schema.enum, schema.default, text), source: '' };
  return (
    byType(property, text, freeText) ?? ('default' in schema ? { value: schema.default, source: '' } : null)
  );
}

function choice(options: unknown[], fallback: unknown, text: string): unknown {
  const mentioned = options.find((word) => new RegExp(`\\b${escapeRegExp(String(word))}\\b`, 'i').test(text));
  return mentioned ?? fallback ?? options[0];
}

function byType(property: Property, text: string, freeText: boolean): Found<unknown> | null {
  if (isNumeric(property)) {
    const [value] = numbersIn(text);
    return value === undefined ? null : { value, source: String(value) };
  }
  if (isNumberList(property)) {
    const value = numbersIn(text.replaceAll(',', ' , '));
    return value.length === 0 ? null : { value, source: '' };
  }
  if (property.type !== 'string') return null;
  const quoted = quotedValue(text);
  if (quoted) return quoted;
  if (!freeText || 'default' in property.schema) return null;
  const spoken = /\b(?:for|in|of|about|with|to|on|at|saying|says)\s+([^,;\n]+?)[.?!]?\s*$/i.exec(text)?.[1];
  const value = spoken ?? text.replace(/^[\s:,-]+|[\s.?!]+$/g, '');
  return value === '' ? null : { value, source: value };
}

/** Values that an argument's name promises: a path, a URL, a time zone, an expression. */
function byName(name: string, text: string): string | undefined {
  if (/path|file|dir|folder/i.test(name)) {
    return /(?<![\w:/])(?:~|\.{1,2})?\/[^\s,;"'`)]*/.exec(text)?.[0].replace(/[.?!]$/, '');
  }
  if (/url|uri|link/i.test(name)) return /\b\w+:\/\/[^\s,;"'`)]+/.exec(text)?.[0];
  if (/time_?zone|^tz$/i.test(name)) return /\b(?:[A-Z][a-z]+\/[A-Z]\w+|UTC|GMT)\b/.exec(text)?.[0];
  if (/^(expr\w*|formula|equation)$/i.test(name)) return expressionsIn(text, undefined)[0]?.text;
  return undefined;
}
