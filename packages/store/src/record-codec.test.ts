import { expect, test } from 'vitest';
import { decodeStep, decodeTotals, encode } from './record-codec.ts';

const tokens = { inputTokens: 1, outputTokens: 2, cacheReadTokens: 0, cacheWriteTokens: 0 };

test('totals of a job that ended before costs and times were kept have an unknown cost and no time', () => {
  const totals = { ...tokens, modelCalls: 1, toolCalls: 0 };
  expect(decodeTotals(encode(totals))).toEqual({ ...totals, stepMs: 0, cost: null });
});

test('a reply that was recorded before costs were kept is read as it is', () => {
  const reply = {
    kind: 'reply',
    round: 0,
    slot: 0,
    content: [],
    stopReason: 'end_turn',
    model: 'm',
    usage: tokens,
    toolset: 'none',
    ms: 1,
  };
  expect(decodeStep(encode(reply))).toEqual(reply);
});
