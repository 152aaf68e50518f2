import { numberPattern, toNumber } from './read-numbers.ts';

/** Principal, yearly rate as a fraction, compounding periods a year, years. */
export interface Growth {
  principal: number;
  rate: number;
  periods: number;
  years: number;
}

const is = '\\s*(?:=|:|of|is|was|were|to)?\\s*(?:be\\s+)?';
const number = `(${numberPattern})`;

const patterns = {
  principal: [
    new RegExp(`\\bP\\s*[=:]\\s*${number}`),
    new RegExp(`\\b(?:principal|deposit|invest(?:ment|ing|ed)?)${is}${number}`, 'i'),
    /(\$\s?[\d,]+(?:\.\d+)?)/,
    new RegExp(`${number}\\s*(?:dollars|euros|usd|eur)\\b`, 'i'),
  ],
  rate: [
    new RegExp(`\\br\\s*[=:]\\s*${number}\\s*(%|percent)?`, 'i'),
    new RegExp(`${number}\\s*(%|percent)`, 'i'),
    new RegExp(`\\b(?:rate|interest)${is}${number}()`, 'i'),
  ],
  periods: [/\bn\s*[=:]\s*(\d+)/i, new RegExp(`${number}\\s+times\\s+(?:a|per|each|every)\\s+year`, 'i')],
  years: [
    new RegExp(`\\bt\\s*[=:]\\s*${number}`, 'i'),
    new RegExp(`${number}[\\s-]*(?:years?|yrs?)\\b`, 'i'),
    new RegExp(`\\byears${is}${number}`, 'i'),
  ],
  months: [new RegExp(`${number}[\\s-]*months?\\b`, 'i')],
};

/** The parameters of compound interest that a text names, by letter or in words. */
export function readGrowth(text: string): Partial<Growth> {
  const growth: Partial<Growth> = {};
  const principal = first(patterns.principal, text);
  if (principal) growth.principal = toNumber(principal[1] as string);
  const rate = first(patterns.rate, text);
  if (rate) growth.rate = fraction(toNumber(rate[1] as string), rate[2]);
  const periods = first(patterns.periods, text);
  const spoken = frequency(text);
  if (periods) growth.periods = toNumber(periods[1] as string);
  else if (spoken !== undefined) growth.periods = spoken;
  const years = first(patterns.years, text);
  const months = first(patterns.months, text);
  if (years) growth.years = toNumber(years[1] as string);
  else if (months) growth.years = toNumber(months[1] as string) / 12;
  return growth;
}

/** How often a year interest is compounded, by its word. */
export function frequency(text: string): number | undefined {
  if (/\b(semi-?annual|half-?yearly|twice a year)/i.test(text)) return 2;
  if (/\bquarterly\b/i.test(text)) return 4;
  if (/\bmonthly\b/i.test(text)) return 12;
  if (/\bweekly\b/i.test(text)) return 52;
  if (/\bdaily\b/i.test(text)) return 365;
  if (/\b(annually|yearly|once a year)\b/i.test(text)) return 1;
  return undefined;
}

/** `5%` and a bare 5 are 0.05; a bare number up to 1 is a fraction already. */
function fraction(value: number, percent: string | undefined): number {
  return percent || value > 1 ? Number((value / 100).toPrecision(12)) : value;
}

function first(alternatives: readonly RegExp[], text: string): RegExpExecArray | null {
  for (const pattern of alternatives) {
    const found = pattern.exec(text);
    if (found) return found;
  }
  return null;
}
