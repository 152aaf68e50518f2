import { MessageStream } from '@anthropic-ai/sdk/lib/MessageStream';
import { expect, test } from 'vitest';
import { collectMessage } from './collect-message.ts';

type Event = Record<string, unknown> & { type: string };

const start: Event = {
  type: 'message_start',
  message: {
    ...{ id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-x', content: [] },
    ...{ stop_reason: null, stop_sequence: null },
    usage: { input_tokens: 10, output_tokens: 1, cache_read_input_tokens: 3, cache_creation_input_tokens: 0 },
  },
};
const block = (index: number, content_block: object): Event => ({
  type: 'content_block_start',
  index,
  content_block,
});
const delta = (index: number, type: string, value: object): Event => ({
  type: 'content_block_delta',
  index,
  delta: { type, ...value },
});
const end = (stop_reason: string): Event[] => [
  {
    type: 'message_delta',
    delta: { stop_reason, stop_sequence: null },
    usage: { output_tokens: 42, input_tokens: null, cache_read_input_tokens: 5 },
  },
  { type: 'message_stop' },
];
const stop = (index: number): Event => ({ type: 'content_block_stop', index });

/** Thinking, cited text, and two calls, one of them without arguments. */
const whole: Event[] = [
  start,
  block(0, { type: 'thinking', thinking: '', signature: '' }),
  delta(0, 'thinking_delta', { thinking: 'Let me ' }),
  delta(0, 'thinking_delta', { thinking: 'see.' }),
  delta(0, 'signature_delta', { signature: 'c2ln' }),
  stop(0),
  block(1, { type: 'text', text: '', citations: null }),
  delta(1, 'text_delta', { text: 'Ünï' }),
  delta(1, 'text_delta', { text: 'code' }),
  delta(1, 'citations_delta', { citation: { type: 'char_location', cited_text: 'a' } }),
  stop(1),
  block(2, { type: 'tool_use', id: 'toolu_1', name: 'math__add', input: {} }),
  delta(2, 'input_json_delta', { partial_json: '' }),
  delta(2, 'input_json_delta', { partial_json: '{"a": [1,' }),
  delta(2, 'input_json_delta', { partial_json: ' 2]}' }),
  stop(2),
  block(3, { type: 'tool_use', id: 'toolu_2', name: 'clock__now', input: {} }),
  stop(3),
  ...end('tool_use'),
];

function collect(events: readonly Event[], onDelta: (text: string) => void = () => undefined) {
  const message = collectMessage('anthropic', onDelta);
  for (const event of events) message.add(event as never);
  return message.whole();
}

test('a stream comes to what the SDK makes of it', async () => {
  const text = whole.map((event) => `${JSON.stringify(event)}\n`).join('');
  const stream = MessageStream.fromReadableStream(new Blob([text]).stream());
  // What the SDK adds for those who asked for an answer of a form.
  const { parsed_output: _, ...theirs } = (await stream.finalMessage()) as object & {
    parsed_output?: unknown;
  };
  const told: string[] = [];
  const ours = collect(whole, (piece) => void told.push(piece));
  expect(JSON.parse(JSON.stringify(ours))).toEqual(JSON.parse(JSON.stringify(theirs)));
  expect(told).toEqual(['Ünï', 'code']);
});

test.each([
  ['cut in the middle', whole.slice(0, 9), 'The stream ended before its message did.'],
  ['without its last event', whole.slice(0, -1), 'The stream ended before its message did.'],
  ['that is empty', [], 'The stream ended before its message did.'],
  ['that begins in the middle', whole.slice(1), 'Unexpected event order'],
  ['that begins twice', [start, ...whole], 'Unexpected event order'],
  [
    'with a piece of a block that is not there',
    [start, delta(0, 'text_delta', { text: 'a' })],
    'Unexpected event order',
  ],
])('a stream %s is no message', (_what, events, message) => {
  expect(() => collect(events)).toThrow(message);
});

test('arguments that are cut are refused, and those that are no object', () => {
  const call = (json: string, reason: string) => [
    start,
    block(0, { type: 'tool_use', id: 'toolu_1', name: 'math__add', input: {} }),
    delta(0, 'input_json_delta', { partial_json: json }),
    stop(0),
    ...end(reason),
  ];
  const thrownBy = (events: Event[]) => expect(() => collect(events));
  thrownBy(call('{"a": 1', 'max_tokens')).toThrow(
    expect.objectContaining({ code: 'model_output_truncated' }),
  );
  thrownBy(call('[1]', 'tool_use')).toThrow(expect.objectContaining({ code: 'model_bad_reply' }));
});

test('deltas of kinds that are not known are passed over', () => {
  const events = [
    start,
    block(0, { type: 'text', text: '' }),
    delta(0, 'later_delta', { x: 1 }),
    ...end('end_turn'),
  ];
  expect(collect(events)).toMatchObject({
    content: [{ type: 'text', text: '' }],
    stop_reason: 'end_turn',
  });
});
