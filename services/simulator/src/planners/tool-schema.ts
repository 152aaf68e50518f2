import type { OfferedTool } from '../conversation.ts';

/** One argument of a tool as its JSON schema has it. */
export interface Property {
  name: string;
  type: string;
  description: string;
  required: boolean;
  schema: Record<string, unknown>;
}

/** A tool's arguments in the order of its schema. */
export function propertiesOf(tool: OfferedTool): Property[] {
  const { properties } = tool.schema;
  if (typeof properties !== 'object' || properties === null) return [];
  const required = Array.isArray(tool.schema.required) ? (tool.schema.required as unknown[]) : [];
  return Object.entries(properties as Record<string, unknown>).map(([name, value]) => {
    const schema = typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
    const description = typeof schema.description === 'string' ? schema.description : '';
    return { name, type: typeOf(schema), description, required: required.includes(name), schema };
  });
}

/** `server__tool` without its server. */
export function bareName(name: string): string {
  const at = name.indexOf('__');
  return at < 0 ? name : name.slice(at + 2);
}

/** Name and description in lower case with separators as spaces, for matching words. */
export function wordsOf(tool: OfferedTool): string {
  return `${bareName(tool.name)} ${tool.description}`.replace(/[_-]/g, ' ').toLowerCase();
}

export function isNumeric({ type }: Property): boolean {
  return type === 'number' || type === 'integer';
}

export function isNumberList({ type, schema }: Property): boolean {
  const items = schema.items as Record<string, unknown> | undefined;
  return type === 'array' && (items?.type === 'number' || items?.type === 'integer');
}

/** The first type that is not null, of a type, a list of types or a union; a string when none is given. */
function typeOf(schema: Record<string, unknown>): string {
  if (typeof schema.type === 'string') return schema.type;
  const options = [schema.type, schema.anyOf, schema.oneOf].find(Array.isArray) as unknown[] | undefined;
  const types = options?.map((each) => (typeof each === 'string' ? each : (each as { type?: string })?.type));
  return types?.find((type) => type !== undefined && type !== 'null') ?? 'string';
}
