const words: Record<string, number> = {
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  twelve: 12,
  fifteen: 15,
  twenty: 20,
  thirty: 30,
};

/** A number as people write it: digits with thousands separators, or a small number's word. */
export const numberPattern = `(?:-?\\$?\\d{1,3}(?:,\\d{3})+(?:\\.\\d+)?|-?\\$?\\d*\\.?\\d+(?:e[+-]?\\d+)?|${Object.keys(words).join('|')})`;

/** Reads what `numberPattern` matched. */
export function toNumber(text: string): number {
  return words[text.toLowerCase()] ?? Number(text.replace(/[$,\s]/g, ''));
}

/** All numbers of a text in digits, in order. */
export function numbersIn(text: string): number[] {
  return [...text.matchAll(/(?<![\w.])-?(?:\d{1,3}(?:,\d{3})+(?![\d,])|\d+)(?:\.\d+)?(?:e[+-]?\d+)?(?!\w)/gi)]
    .map(([digits]) => toNumber(digits))
    .filter(Number.isFinite);
}

/** The number that a tool's result is about: a JSON value, an amount of money, or the last number. */
export function resultNumber(text: string): number | undefined {
  const json = fromJson(text);
  if (json !== undefined) return json;
  const money = /\$\s?(-?[\d,]+(?:\.\d+)?)/.exec(text)?.[1];
  return money === undefined ? numbersIn(text).at(-1) : toNumber(money);
}

function fromJson(text: string): number | undefined {
  if (!/^[{[\d-]/.test(text)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value === 'number') return value;
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = Object.entries(value).filter(([, each]) => typeof each === 'number');
  const named = fields.find(([name]) => /amount|final|balance|total|result|value/i.test(name));
  return (named ?? fields[0])?.[1] as number | undefined;
}

/** Dollars with thousands separators and two decimals. */
export function dollars(amount: number): string {
  return amount.toLocaleString('en-US', { style: 'currency', currency: 'USD' });
}
