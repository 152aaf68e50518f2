import { expect, test } from 'vitest';
import { readLines } from './read-lines.ts';

async function* pieces(...parts: (string | Buffer)[]) {
  for (const part of parts) yield Buffer.from(part);
}

async function linesOf(longest: number, ...parts: (string | Buffer)[]) {
  const lines = [];
  for await (const line of readLines(pieces(...parts), longest)) lines.push(line);
  return lines;
}

test('lines are put together from pieces, with the bytes that they have', async () => {
  expect(await linesOf(100, 'a', 'b\nc', 'd\n\nlast')).toEqual([
    { bytes: 3, text: 'ab\n' },
    { bytes: 3, text: 'cd\n' },
    { bytes: 1, text: '\n' },
    { bytes: 4, text: 'last' },
  ]);
});

test('a character that is cut in two comes out whole', async () => {
  const bytes = Buffer.from('ä\n');
  expect(await linesOf(100, bytes.subarray(0, 1), bytes.subarray(1))).toEqual([{ bytes: 3, text: 'ä\n' }]);
});

test('a line that is too long is counted and not kept', async () => {
  expect(await linesOf(3, 'abc\nab', 'cd', 'e\nabc')).toEqual([
    { bytes: 4, text: 'abc\n' },
    { bytes: 6, text: null },
    { bytes: 3, text: 'abc' },
  ]);
});
