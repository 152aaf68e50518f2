import { expect, test } from 'vitest';
import { readEvents } from './read-events.ts';

const text = 'event: a\ndata: {"x":"ü€"}\n\n: comment\n\nid: 7\ndata: one\ndata: two\r\n\r\ndata: cut off';
const whole = [
  { event: 'a', data: '{"x":"ü€"}' },
  { id: '7', data: 'one\ntwo' },
];

async function* inPieces(length: number) {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length; at += length) yield bytes.slice(at, at + length);
}

test.each([1, 2, 7, 1_000])('events are whole wherever chunks of %i bytes cut them', async (length) => {
  const seen: unknown[] = [];
  await readEvents(inPieces(length), (event) => seen.push(event));
  expect(seen).toMatchObject(whole);
});

test('no body has no events', async () => {
  const seen: unknown[] = [];
  await readEvents(null, (event) => seen.push(event));
  expect(seen).toEqual([]);
});

test('what the listener throws ends the reading', async () => {
  const refuse = () => {
    throw new Error('no');
  };
  await expect(readEvents(inPieces(3), refuse)).rejects.toThrow('no');
});
