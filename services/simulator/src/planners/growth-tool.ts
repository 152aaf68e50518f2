import type { OfferedTool } from '../conversation.ts';
import { frequency, type Growth } from './read-growth.ts';
import { type Property, propertiesOf } from './tool-schema.ts';

/** Which property of a tool plays which part. */
export type GrowthMapping = Partial<Record<keyof Growth, Property>>;

const roles: Record<keyof Growth, RegExp> = {
  principal: /^(p|pv|principal(_?amount)?|amount|initial\w*|start\w*|deposit|investment|present_?value)$/i,
  rate: /^(r|apr|rate|(annual|yearly|interest)_?(interest)?_?(rate)?|rate_?\w+)$/i,
  periods: /^(n|times\w*|periods\w*|compound\w*|frequency|\w*_per_year)$/i,
  years: /^(t|years?|time|duration|term|num(ber)?_?(of_?)?years)$/i,
};

/** How a tool takes the parameters of compound interest; null when it is no such tool. */
export function growthMapping(tool: OfferedTool): GrowthMapping | null {
  const found: GrowthMapping = {};
  for (const property of propertiesOf(tool)) {
    const role = roleOf(property.name);
    if (role && !found[role]) found[role] = property;
  }
  return found.principal && found.rate && found.years ? found : null;
}

/** Arguments in the tool's own names and units. */
export function toInput(growth: Growth, mapping: GrowthMapping): Record<string, unknown> {
  const input: Record<string, unknown> = {};
  for (const [role, property] of Object.entries(mapping) as [keyof Growth, Property][]) {
    const value = role === 'rate' && wantsPercent(property) ? round(growth.rate * 100) : growth[role];
    input[property.name] = property.type === 'string' ? asWord(value, property) : value;
  }
  return input;
}

/** The parameters of an earlier call; null when they are not those of compound interest. */
export function fromInput(input: Record<string, unknown>, mapping?: GrowthMapping): Partial<Growth> | null {
  const growth: Partial<Growth> = {};
  for (const [name, value] of Object.entries(input)) {
    const role = roleOf(name);
    if (!role) continue;
    const number = typeof value === 'number' ? value : frequency(String(value));
    const percent = role === 'rate' && mapping?.rate !== undefined && wantsPercent(mapping.rate);
    if (number !== undefined) growth[role] = percent ? round(number / 100) : number;
  }
  const whole = growth.principal !== undefined && growth.rate !== undefined && growth.years !== undefined;
  return whole ? growth : null;
}

function roleOf(name: string): keyof Growth | undefined {
  return (Object.keys(roles) as (keyof Growth)[]).find((role) => roles[role].test(name));
}

function wantsPercent({ description, name }: Property): boolean {
  return /percent|%/i.test(`${name} ${description}`) && !/fraction|decimal|0\.0\d/i.test(description);
}

function asWord(value: number, property: Property): unknown {
  const words = Array.isArray(property.schema.enum) ? property.schema.enum : [];
  return words.find((word) => frequency(String(word)) === value) ?? String(value);
}

function round(value: number): number {
  return Number(value.toPrecision(12));
}
