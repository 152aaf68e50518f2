import type OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { type Completion, collectChunks, toReply } from './openai-reply.ts';

type Chunk = OpenAI.ChatCompletionChunk;

/** Chunks as servers of other makers send them: less than the type says. */
async function* stream(...chunks: object[]): AsyncGenerator<Chunk> {
  for (const chunk of chunks) yield chunk as Chunk;
}

const delta = (fields: object, finish_reason?: string) => ({
  model: 'm',
  choices: [{ delta: fields, ...(finish_reason ? { finish_reason } : {}) }],
});

describe('servers of other makers', () => {
  test('calls without index, id or usage, ended by "stop", make a whole reply', async () => {
    const call = { function: { name: 'x', arguments: '{"a":1}' } };
    const whole = await collectChunks(stream(delta({ tool_calls: [call] }), delta({}, 'stop')), () => {});
    const reply = toReply('openai', whole, null);
    expect(reply).toMatchObject({ stopReason: 'tool_use', usage: { inputTokens: 0, outputTokens: 0 } });
    expect(reply.content).toEqual([
      { type: 'tool_use', id: expect.stringMatching(/^call_[0-9a-f-]{36}$/), name: 'x', input: { a: 1 } },
    ]);
  });

  test('a stream that ends without a finish reason is unavailable', async () => {
    const cut = collectChunks(stream(delta({ content: 'half' })), () => {});
    await expect(cut).rejects.toMatchObject({ code: 'model_unavailable' });
  });

  test.each<[string, Completion]>([
    ['no choice', { model: 'm', choices: [] }],
    ['no model', { choices: [{ message: { content: 'x' }, finish_reason: 'stop' }] }],
    ['no finish reason', { model: 'm', choices: [{ message: { content: 'x' } }] }],
  ])('%s is a bad reply', (_what, completion) => {
    expect(() => toReply('openai', completion, null)).toThrow(
      expect.objectContaining({ code: 'model_bad_reply' }),
    );
  });
});
