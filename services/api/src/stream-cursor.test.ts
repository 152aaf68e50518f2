import { expect, test } from 'vitest';
import { StreamCursor } from './stream-cursor.ts';

const at = (round: number, slot: number) => ({ round, slot });

test('steps in order pass with their position as id', () => {
  const cursor = StreamCursor.parse(undefined);
  const ids = [at(0, 0), at(0, 1), at(0, 2), at(1, -1), at(1, 0)].map((step) => {
    expect(cursor.has(step)).toBe(false);
    cursor.pass(step);
    expect(cursor.has(step)).toBe(true);
    return cursor.id;
  });
  expect(ids).toEqual(['0.0', '0.1', '0.2', '1.-1', '1.0']);
});

test('a result that ended later than its neighbour is still to come behind the neighbour', () => {
  const cursor = StreamCursor.parse('0.0');
  cursor.pass(at(0, 3));
  expect(cursor.id).toBe('0.3!1,2');
  const again = StreamCursor.parse(cursor.id);
  expect([at(0, 0), at(0, 1), at(0, 2), at(0, 3), at(0, 4)].map((step) => again.has(step))).toEqual([
    true,
    false,
    false,
    true,
    false,
  ]);
  again.pass(at(0, 1));
  expect(again.id).toBe('0.3!2');
  again.pass(at(0, 2));
  expect(again.id).toBe('0.3');
});

test('a text that is no id begins at the beginning', () => {
  for (const text of [undefined, '', '1', '0.0!', '0.1!x', '9999999.0', ['0.1']]) {
    expect(StreamCursor.parse(text).has(at(0, -1))).toBe(false);
  }
});
