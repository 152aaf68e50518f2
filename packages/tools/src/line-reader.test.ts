import { expect, test } from 'vitest';
import { LineReader } from './line-reader.ts';

function reader(limit = 100) {
  const lines: string[] = [];
  let tooLong = 0;
  const read = new LineReader(
    limit,
    (line) => lines.push(line),
    () => {
      tooLong += 1;
    },
  );
  return { read, lines, tooLong: () => tooLong };
}

test('lines are put together whatever the chunks, even within a character', () => {
  const { read, lines } = reader();
  const bytes = Buffer.from('eins\r\nzwölf\n\nende');
  for (const byte of bytes) read.push(Buffer.from([byte]));
  expect(lines).toEqual(['eins', 'zwölf', '']);
  read.end();
  expect(lines).toEqual(['eins', 'zwölf', '', 'ende']);
});

test('a line that is too long is dropped and told once, and the next is read', () => {
  const { read, lines, tooLong } = reader(5);
  read.push(Buffer.from('12345\n123'));
  read.push(Buffer.from('456'));
  read.push(Buffer.from('789\nok\n'));
  expect(lines).toEqual(['12345', 'ok']);
  expect(tooLong()).toBe(1);
});
