import { expect, test } from 'vitest';
import { toParams, toReply } from './anthropic.ts';

const request = {
  model: 'claude-x',
  messages: [],
  tools: [],
  maxTokens: 10,
  timeoutMs: 1_000,
  jobId: 'job_1',
};

test('sampling is sent in the words of the API, and none where there is none', () => {
  const sampling = { temperature: 0, topP: 0.9, topK: 3, stopSequences: ['END'] };
  expect(toParams({ ...request, sampling })).toMatchObject({
    temperature: 0,
    top_p: 0.9,
    top_k: 3,
    stop_sequences: ['END'],
  });
  expect(Object.keys(toParams(request))).toEqual(['model', 'max_tokens', 'messages', 'cache_control']);
});

test('the stop sequence that ended a reply is kept', () => {
  const message = {
    content: [{ type: 'text' as const, text: 'a' }],
    model: 'claude-x',
    usage: { input_tokens: 1, output_tokens: 1 },
  };
  const ended = { ...message, stop_reason: 'stop_sequence', stop_sequence: 'END' };
  expect(toReply('anthropic', ended, null)).toMatchObject({ stopSequence: 'END' });
  const plain = { ...message, stop_reason: 'end_turn', stop_sequence: null };
  expect(toReply('anthropic', plain, null)).not.toHaveProperty('stopSequence');
});
