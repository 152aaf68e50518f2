import { describe, expect, test } from 'vitest';
import type { Block, Message } from './conversation.ts';
import { validateMessages, validateTools } from './validate-conversation.ts';

const user = (...content: Block[]): Message => ({ role: 'user', content });
const assistant = (...content: Block[]): Message => ({ role: 'assistant', content });
const text = { type: 'text', text: 'hi' };
const use = (id: string) => ({ type: 'tool_use', id, name: 'x', input: {} });
const result = (id: string) => ({ type: 'tool_result', tool_use_id: id, content: 'ok' });

describe('messages', () => {
  test('a whole conversation passes', () => {
    validateMessages([
      user(text),
      assistant(text, use('a'), use('b')),
      user(result('b'), result('a'), text),
      assistant(text),
      user(text),
    ]);
  });

  test.each<[string, Message[], RegExp]>([
    ['none', [], /at least one message is required/],
    ['an assistant first', [assistant(text)], /first message must use the "user" role/],
    ['empty content', [user(), assistant(text), user(text)], /must have non-empty content/],
    ['a blank text', [user({ type: 'text', text: ' \n' })], /must contain non-whitespace text/],
    ['an empty text', [user({ type: 'text', text: '' })], /text content blocks must be non-empty/],
    [
      'a call without a result',
      [user(text), assistant(use('a')), user(text)],
      /^messages\.1: `tool_use` ids were found without `tool_result` blocks immediately after: a\. Each/,
    ],
    ['a call at the end', [user(text), assistant(use('a'))], /without `tool_result` blocks.*: a\./],
    [
      'one result of two',
      [user(text), assistant(use('a'), use('b')), user(result('a'))],
      /immediately after: b\./,
    ],
    [
      'text in front of the results',
      [user(text), assistant(use('a')), user(text, result('a'))],
      /immediately after: a\./,
    ],
    ['a result of nothing', [user(text, result('z'))], /unexpected `tool_use_id` found .*: z\./],
    [
      'a result twice',
      [user(text), assistant(use('a')), user(result('a'), result('a'))],
      /must have a single result/,
    ],
    [
      'an id twice',
      [user(text), assistant(use('a')), user(result('a')), assistant(use('a')), user(result('a'))],
      /`tool_use` ids must be unique/,
    ],
  ])('%s is refused', (_what, messages, expected) => {
    expect(() => validateMessages(messages)).toThrow(expected);
  });
});

describe('tools', () => {
  const tool = (name: string) => ({ name, description: '', schema: {} });

  test('names obey the pattern and are unique', () => {
    validateTools([tool('a__b-C_9'), tool('x'.repeat(64))]);
    expect(() => validateTools([tool('a.b')])).toThrow(/should match pattern '\^\[a-zA-Z0-9_-\]\{1,64\}\$'/);
    expect(() => validateTools([tool('x'.repeat(65))])).toThrow(/should match pattern/);
    expect(() => validateTools([tool('a'), tool('a')])).toThrow('Tool names must be unique');
  });
});
