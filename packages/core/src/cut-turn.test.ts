import { expect, test } from 'vitest';
import { cutTurn } from './cut-turn.ts';
import { toolUses } from './message.ts';
import { type ReplyStep, type ResultStep, type SteerStep, turnMessages } from './step.ts';

const query = [{ type: 'text', text: 'a query' }];
const usage = { inputTokens: 1, outputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0 };

const use = (id: string) => ({ type: 'tool_use', id, name: 'a__tool', input: {} });
const reply = (round: number, ...content: ReplyStep['content']): ReplyStep => ({
  ...{ kind: 'reply', round, slot: 0, content, stopReason: 'end_turn', model: 'm' },
  ...{ usage, toolset: 'none', ms: 1 },
});
const result = (round: number, slot: number, id: string): ResultStep => ({
  ...{ kind: 'result', round, slot, tool: 'a__tool', outcome: 'ok', ms: 1 },
  block: { type: 'tool_result', tool_use_id: id, content: 'a result' },
});
const steer = (round: number): SteerStep => ({
  ...{ kind: 'steer', round, slot: -1, jobs: ['job_2'] },
  content: [{ type: 'text', text: 'and also' }],
});

const [calls, first, second] = [reply(0, use('1'), use('2')), result(0, 1, '1'), result(0, 2, '2')];
const [more, third] = [reply(1, use('3')), result(1, 1, '3')];
const end = reply(2, { type: 'text', text: 'an answer' });
/** Query, two calls, their results, a call, its result with a query that joined, the answer. */
const steps = [calls, first, second, more, third, steer(2), end];

test.each([
  ['a query alone', 0, 'query'],
  ['a reply that calls tools, with their results', 1, [calls, first, second]],
  ['results', 2, [calls, first, second]],
  ['a later reply, without the query that joined behind it', 3, [calls, first, second, more, third]],
  ['results that end with a query', 4, 'query'],
  ['the final reply', 5, steps],
  ['what is not there', 6, null],
] as const)('a turn cut at %s', (_what, last, cut) => {
  expect(cutTurn({ query, steps }, last)).toEqual(cut);
});

test('wherever a turn is cut, every call has its result in the next message', () => {
  for (let last = 0; last < 6; last += 1) {
    const cut = cutTurn({ query, steps }, last);
    if (cut === null || cut === 'query') continue;
    const messages = turnMessages(query, cut);
    for (const [n, { content }] of messages.entries()) {
      const asked = toolUses(content).map(({ id }) => id);
      const results = (messages[n + 1]?.content ?? []).map((block) => block.tool_use_id);
      expect(results.slice(0, asked.length)).toEqual(asked);
    }
  }
});
