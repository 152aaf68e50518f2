import { expect, test } from 'vitest';
import { ExpressionError, evaluate } from './evaluate.ts';

test.each([
  ['1 + 2 * 3', 7],
  ['(1 + 2) * 3', 9],
  ['2 ^ 3 ^ 2', 512],
  ['-2 ^ 2', -4],
  ['2 ^ -1', 0.5],
  ['10 / 4 - .5', 2],
  ['1.5e3 + 1', 1501],
  ['--3', 3],
])('%s is %d', (text, value) => expect(evaluate(text)).toBe(value));

test.each([
  ['', 'Expected a number or "(" at character 1, but found the end.'],
  ['1 +', 'Expected a number or "(" at character 4, but found the end.'],
  ['(1', 'Expected ")" at character 3, but found the end.'],
  ['1 2', 'Expected an operator or the end at character 3, but found "2".'],
  ['process.exit()', 'Expected a number or "(" at character 1, but found "p".'],
  ['1/0', 'The expression divides by zero.'],
  ['9^9^9', 'The expression has no finite value.'],
  ['('.repeat(1001), 'The expression has 1001 characters; at most 1000 are read.'],
])('%s is refused', (text, message) => {
  expect(() => evaluate(text)).toThrow(ExpressionError);
  expect(() => evaluate(text)).toThrow(message);
});
