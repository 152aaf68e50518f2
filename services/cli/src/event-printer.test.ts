import type { JobEvent } from '@mcp-fleet/client';
import { expect, test } from 'vitest';
import { EventPrinter } from './event-printer.ts';
import { createOutput } from './output.ts';

function printed(...events: unknown[]): string {
  let text = '';
  const write = (piece: string) => {
    text += piece;
  };
  const output = { ...createOutput(true), line: (line = '') => write(`${line}\n`) };
  const printer = new EventPrinter(output, write);
  for (const event of events) printer.print(event as JobEvent);
  return text;
}

const delta = (offset: number, text: string) => ({ event: 'text_delta', data: { round: 0, offset, text } });
const started = { event: 'model_started', data: { round: 0, model: 'm' } };
const reply = (...texts: string[]) => ({
  event: 'step',
  data: { type: 'reply', content: texts.map((text) => ({ type: 'text', text })) },
});

test('text is printed once, as it comes, and the step brings what is missing', () => {
  expect(printed(started, delta(0, 'one '), delta(4, 'two'), reply('one two'))).toBe('one two\n');
  expect(printed(started, delta(0, 'one '), delta(8, 'three'), reply('one two three'))).toBe(
    'one two three\n',
  );
  expect(printed(started, delta(4, 'two'), reply('one two'))).toBe('one two\n');
  expect(printed(reply('one', 'two'))).toBe('one\ntwo\n');
});

test('a reply that begins anew is printed anew, on a line of its own', () => {
  expect(printed(started, delta(0, 'lost'), started, delta(0, 'an'), reply('answer'))).toBe('lost\nanswer\n');
  expect(printed(started, delta(0, 'lost'), reply('another'))).toBe('lost\nanother\n');
});
