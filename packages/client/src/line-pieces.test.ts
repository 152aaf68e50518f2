import { expect, test } from 'vitest';
import { type Lines, linePieces } from './line-pieces.ts';

const megabyte = 1024 * 1024;

async function piecesOf(lines: Lines): Promise<string[]> {
  const pieces = [];
  for await (const piece of linePieces(lines)) pieces.push(new TextDecoder().decode(piece));
  return pieces;
}

const text = '{"query":"one"}\n{"query":"ä"}\n';
async function* inTwo() {
  yield text.slice(0, 20);
  yield new TextEncoder().encode(text.slice(20));
}

test.each<[string, Lines]>([
  ['text', text],
  ['bytes', new TextEncoder().encode(text)],
  ['a blob', new Blob([text])],
  ['a stream', new Blob([text]).stream()],
  ['chunks as they come', inTwo()],
  ['objects', [{ query: 'one' }, { query: 'ä' }]],
])('lines are taken as %s', async (_, lines) => {
  expect(await piecesOf(lines)).toEqual([text]);
});

test('a piece is a megabyte of whole lines, and nothing of them is lost', async () => {
  const line = `${'x'.repeat(399_999)}\n`;
  const pieces = await piecesOf(`${line.repeat(7)}last`);
  expect(pieces.map((piece) => piece.length)).toEqual([800_000, 800_000, 800_000, 400_004]);
  expect(pieces.join('')).toBe(`${line.repeat(7)}last`);
});

test('a line that is longer than a piece is one of its own', async () => {
  const long = `${'x'.repeat(3 * megabyte)}\n`;
  expect((await piecesOf(`a\n${long}b\n`)).map((piece) => piece.length)).toEqual([2, long.length, 2]);
});

test('what never ends a line is refused', async () => {
  async function* endless() {
    for (;;) yield new Uint8Array(megabyte);
  }
  await expect(piecesOf(endless())).rejects.toThrow('Expected JSON lines');
});
