import { numbersIn } from './read-numbers.ts';

type Operator = '+' | '-' | '*' | '/' | '^';

/** An arithmetic expression found in a text. `operator` is set when it has just one kind of operator. */
export interface Expression {
  text: string;
  operator: Operator | null;
  operands: number[];
}

const operand = '(-?\\d[\\d,]*(?:\\.\\d+)?|\\b(?:that|it|this|the result|the answer)\\b)';

/** Phrases that stand for an operation; `flip` when the second operand is named first. */
const phrases: { pattern: RegExp; operator: Operator; flip?: true }[] = [
  { pattern: phrase(`subtract\\s+${operand}\\s+from\\s+${operand}`), operator: '-', flip: true },
  { pattern: phrase(`(?:add|sum)\\s+${operand}\\s+(?:and|to|with|plus)\\s+${operand}`), operator: '+' },
  { pattern: phrase(`sum\\s+of\\s+${operand}\\s+and\\s+${operand}`), operator: '+' },
  { pattern: phrase(`multiply\\s+${operand}\\s+(?:by|with|and)\\s+${operand}`), operator: '*' },
  { pattern: phrase(`product\\s+of\\s+${operand}\\s+and\\s+${operand}`), operator: '*' },
  { pattern: phrase(`divide\\s+${operand}\\s+by\\s+${operand}`), operator: '/' },
  { pattern: phrase(`${operand}\\s+plus\\s+${operand}`), operator: '+' },
  { pattern: phrase(`${operand}\\s+minus\\s+${operand}`), operator: '-' },
  { pattern: phrase(`${operand}\\s+(?:times|multiplied\\s+by)\\s+${operand}`), operator: '*' },
  { pattern: phrase(`${operand}\\s+(?:divided\\s+by|over)\\s+${operand}`), operator: '/' },
  { pattern: phrase(`${operand}\\s+to\\s+the\\s+power\\s+of\\s+${operand}`), operator: '^' },
];

const symbols = /(?<![\w./:-])[-(]*\d[\d.]*\)*(?:\s*[-+*/^×÷]\s*[-(]*\d[\d.]*\)*)+(?![\w/:-])/g;
const date = /^\d{4}-\d\d?-\d\d?$/;

/** The expressions of a text, in symbols or in words; `last` is what `that` stands for. */
export function expressionsIn(text: string, last: number | undefined): Expression[] {
  const found: Expression[] = [];
  let rest = text.replace(symbols, (match) => {
    if (date.test(match.trim())) return match;
    found.push(symbolic(match.trim().replace(/\.$/, '').replaceAll('×', '*').replaceAll('÷', '/')));
    return ' ';
  });
  for (const { pattern, operator, flip } of phrases) {
    rest = rest.replace(pattern, (match, a: string, b: string) => {
      const operands = [a, b].map((word) => read(word, last)).filter((value) => value !== undefined);
      if (operands.length < 2) return match;
      if (flip) operands.reverse();
      found.push({ text: operands.join(` ${operator} `), operator, operands });
      return ' ';
    });
  }
  return found;
}

function read(word: string, last: number | undefined): number | undefined {
  return /\d/.test(word) ? Number(word.replaceAll(',', '')) : last;
}

function symbolic(text: string): Expression {
  const operators = new Set(text.replace(/[\d.\s]/g, ''));
  const [only] = operators;
  const operator = operators.size === 1 && '+-*/^'.includes(only as string) ? (only as Operator) : null;
  const operands = operator === null ? [] : numbersIn(text.split(operator).join(' , '));
  return { text: balanced(text), operator, operands };
}

/** Drops brackets at the ends that have no partner, which belong to the sentence. */
function balanced(text: string): string {
  let result = text;
  const count = (symbol: string) => result.split(symbol).length - 1;
  while (count('(') > count(')') && result.startsWith('(')) result = result.slice(1);
  while (count(')') > count('(') && result.endsWith(')')) result = result.slice(0, -1);
  return result;
}

function phrase(source: string): RegExp {
  return new RegExp(`(?<!\\w)${source}`, 'gi');
}
