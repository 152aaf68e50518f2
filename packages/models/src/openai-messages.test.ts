import { expect, test } from 'vitest';
import { toChatMessages } from './openai-messages.ts';

const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } };
const imagePart = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } };

test('a round of tools becomes calls and tool messages, in order, thinking left out', () => {
  const messages = toChatMessages({
    system: 'Be brief.',
    messages: [
      { role: 'user', content: [{ type: 'text', text: 'go' }, image] },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: 'hm', signature: 's' },
          { type: 'text', text: 'I look.' },
          { type: 'tool_use', id: 'a', name: 'x', input: { n: 1 } },
          { type: 'tool_use', id: 'b', name: 'y', input: {} },
        ],
      },
      {
        role: 'user',
        content: [
          { type: 'tool_result', tool_use_id: 'a', content: [{ type: 'text', text: 'ok' }, image] },
          { type: 'tool_result', tool_use_id: 'b', content: 'broken', is_error: true },
          { type: 'text', text: 'and hurry' },
        ],
      },
    ],
  });
  expect(messages).toEqual([
    { role: 'system', content: 'Be brief.' },
    { role: 'user', content: [{ type: 'text', text: 'go' }, imagePart] },
    {
      role: 'assistant',
      content: 'I look.',
      tool_calls: [
        { id: 'a', type: 'function', function: { name: 'x', arguments: '{"n":1}' } },
        { id: 'b', type: 'function', function: { name: 'y', arguments: '{}' } },
      ],
    },
    { role: 'tool', tool_call_id: 'a', content: 'ok' },
    { role: 'tool', tool_call_id: 'b', content: 'Error: broken' },
    { role: 'user', content: [imagePart, { type: 'text', text: 'and hurry' }] },
  ]);
});
