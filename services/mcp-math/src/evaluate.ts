/** Longest expression that is read, in characters; it bounds the depth of recursion too. */
export const longestExpression = 1000;

/** Why an expression has no value: a full sentence that names the place. */
export class ExpressionError extends Error {}

/**
 * The value of an arithmetic expression: numbers, `+ - * / ^`, a leading sign and parentheses, with the usual
 * precedence (`^` binds tightest and to the right, so `-2^2` is -4). Nothing else is read, so nothing can run.
 *
 * @throws ExpressionError when the text is not such an expression or its value is not a finite number
 */
export function evaluate(text: string): number {
  if (text.length > longestExpression) {
    throw new ExpressionError(
      `The expression has ${text.length} characters; at most ${longestExpression} are read.`,
    );
  }
  const reader = new Reader(text);
  const value = sum(reader);
  if (reader.peek() !== '') throw reader.unexpected('an operator or the end');
  if (!Number.isFinite(value)) throw new ExpressionError('The expression has no finite value.');
  return value;
}

class Reader {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** The next character that is not white space; empty at the end. */
  peek(): string {
    while (/\s/.test(this.text.charAt(this.at))) this.at += 1;
    return this.text.charAt(this.at);
  }

  accept(symbol: string): boolean {
    if (this.peek() !== symbol) return false;
    this.at += 1;
    return true;
  }

  number(): number | undefined {
    this.peek();
    const digits = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
    digits.lastIndex = this.at;
    const found = digits.exec(this.text)?.[0];
    if (found === undefined) return undefined;
    this.at += found.length;
    return Number(found);
  }

  unexpected(expected: string): ExpressionError {
    const found = this.peek() === '' ? 'the end' : JSON.stringify(this.peek());
    return new ExpressionError(`Expected ${expected} at character ${this.at + 1}, but found ${found}.`);
  }
}

function sum(reader: Reader): number {
  let value = product(reader);
  for (;;) {
    if (reader.accept('+')) value += product(reader);
    else if (reader.accept('-')) value -= product(reader);
    else return value;
  }
}

function product(reader: Reader): number {
  let value = signed(reader);
  for (;;) {
    if (reader.accept('*')) value *= signed(reader);
    else if (reader.accept('/')) value = divide(value, signed(reader));
    else return value;
  }
}

function divide(dividend: number, divisor: number): number {
  if (divisor === 0) throw new ExpressionError('The expression divides by zero.');
  return dividend / divisor;
}

function signed(reader: Reader): number {
  if (reader.accept('-')) return -signed(reader);
  if (reader.accept('+')) return signed(reader);
  return power(reader);
}

function power(reader: Reader): number {
  const base = atom(reader);
  return reader.accept('^') ? base ** signed(reader) : base;
}

function atom(reader: Reader): number {
  if (reader.accept('(')) {
    const value = sum(reader);
    if (!reader.accept(')')) throw reader.unexpected('")"');
    return value;
  }
  const value = reader.number();
  if (value === undefined) throw reader.unexpected('a number or "("');
  return value;
}
