import { describe, expect, test } from 'vitest';
import type { Block, Message, OfferedTool } from './conversation.ts';
import { planReply } from './plan-reply.ts';

function tool(
  name: string,
  description: string,
  properties: Record<string, object>,
  required?: string[],
): OfferedTool {
  const schema = { type: 'object', properties, required: required ?? Object.keys(properties) };
  return { name, description, schema };
}

const number = { type: 'number' };
const text = { type: 'string' };
const compound = tool('math__compound_interest', 'Computes compound interest.', {
  P: number,
  r: { ...number, description: 'Yearly rate as a fraction: 0.05 is 5 percent' },
  n: { type: 'integer' },
  t: number,
});
const calculate = tool('math__calculate', 'Evaluates an arithmetic expression.', { expression: text });
const statistics = tool('math__statistics', 'Summarises numbers: count, sum, mean, median.', {
  numbers: { type: 'array', items: number },
});
const echo = tool('demo__echo', 'Echoes the input', { message: text });
const time = tool('time__get_current_time', 'Get the current time in a timezone', { timezone: text });
const list = tool('fs__list_directory', 'Lists files and directories of a path.', { path: text });
const write = tool('fs__write_file', 'Writes a file.', { path: text, content: text });
const all = [compound, calculate, statistics, echo, time, list, write];

type Answering = (name: string, input: Record<string, unknown>) => string | { error: string };

/** Plays a session: each query with its rounds of calls, until a final answer. */
function session(tools: OfferedTool[], answer: Answering = () => 'ok') {
  const messages: Message[] = [];
  return (query: string) => {
    messages.push({ role: 'user', content: [{ type: 'text', text: query }] });
    const calls: unknown[][] = [];
    for (;;) {
      const plan = planReply({
        model: 'simulated',
        system: '',
        messages,
        tools,
        maxTokens: 1000,
        stream: false,
        includeUsage: true,
      });
      expect(plan.text).toContain('[simulated]');
      const uses = plan.calls.map((call, at) => ({
        type: 'tool_use',
        id: `${messages.length}.${at}`,
        ...call,
      }));
      messages.push({ role: 'assistant', content: [{ type: 'text', text: plan.text }, ...uses] });
      if (uses.length === 0) return { text: plan.text, calls };
      calls.push(plan.calls.map(({ name, input }) => [name, input]));
      messages.push({ role: 'user', content: uses.map((use) => result(use, answer(use.name, use.input))) });
      if (messages.length > 40) throw new Error('The plan does not end.');
    }
  };
}

function result(use: { id: string }, answer: ReturnType<Answering>): Block {
  const failed = typeof answer === 'object';
  const block = { type: 'tool_result', tool_use_id: use.id, content: failed ? answer.error : answer };
  return failed ? { ...block, is_error: true } : block;
}

const bank: Answering = (_name, { P, r, n, t }) =>
  String((P as number) * (1 + (r as number) / (n as number)) ** ((n as number) * (t as number)));

describe('compound interest', () => {
  test.each([
    ['Compute compound interest for P=1000, r=0.05, n=4, t=2', 1000, 0.05, 4, 2],
    ['What is $1,000 at 5% compounded quarterly for 2 years?', 1000, 0.05, 4, 2],
    ['If I invest 2500 dollars at 4.5 percent, compounded monthly, for ten years?', 2500, 0.045, 12, 10],
    ['Compound interest on a principal of $900 at a rate of 3% over 18 months', 900, 0.03, 1, 1.5],
    ['Interest with P=100, r=7%, n=365, t=1', 100, 0.07, 365, 1],
  ])('%s', (query, P, r, n, t) => {
    expect(session(all, bank)(query).calls).toEqual([[['math__compound_interest', { P, r, n, t }]]]);
  });

  test('the answer is a sentence with the number of the tool', () => {
    const query = 'Compute compound interest for P=1000, r=0.05, n=4, t=2';
    expect(session(all, bank)(query).text).toBe('Final amount after 2 years is $1,104.49 [simulated]');
    const liar = session(all, () => '{"amount": 7}');
    expect(liar(query).text).toBe('Final amount after 2 years is $7.00 [simulated]');
  });

  test('a tool that names its arguments in words and takes percent gets percent', () => {
    const other = tool('bank__grow', 'Growth of a deposit', {
      principal: number,
      annual_rate: { ...number, description: 'in percent' },
      compounds_per_year: number,
      years: number,
    });
    const { calls } = session([other], () => '1')('$1,000 at 5% compounded quarterly for 2 years');
    expect(calls).toEqual([
      [['bank__grow', { principal: 1000, annual_rate: 5, compounds_per_year: 4, years: 2 }]],
    ]);
  });

  test('follow-ups change one parameter of the earlier call', () => {
    const ask = session(all, bank);
    ask('Compute compound interest for P=1000, r=0.05, n=4, t=2');
    expect(ask('and for 5 years?').text).toContain('Final amount after 5 years is $1,282.04');
    expect(ask('What if the rate were 6%?').calls).toEqual([
      [['math__compound_interest', { P: 1000, r: 0.06, n: 4, t: 5 }]],
    ]);
    expect(ask('What about monthly compounding?').calls).toEqual([
      [['math__compound_interest', { P: 1000, r: 0.06, n: 12, t: 5 }]],
    ]);
  });

  test('without the context the follow-up has nothing to follow', () => {
    expect(session(all, bank)('and for 5 years?').calls).toEqual([]);
  });

  test('several sets are called in parallel, and a missing parameter is asked for', () => {
    const { calls } = session(
      all,
      bank,
    )('Compound interest on $1,000 at 5% for 2 years and on $2,000 for 3 years');
    expect(calls).toEqual([
      [
        ['math__compound_interest', { P: 1000, r: 0.05, n: 1, t: 2 }],
        ['math__compound_interest', { P: 2000, r: 0.05, n: 1, t: 3 }],
      ],
    ]);
    expect(session(all)('Compute 15% compound interest').text).toMatch(/I would need the principal/);
  });
});

describe('memory', () => {
  test('questions about the conversation are answered from its messages', () => {
    const ask = session(all, () => '5');
    ask('What is 2+3?');
    ask('My name is Ada Lovelace.');
    expect(ask('What is my name?').text).toBe('Your name is Ada Lovelace. [simulated]');
    expect(ask('What was my first question?').text).toBe('You asked: “What is 2+3?” [simulated]');
    expect(ask('What did you tell me first?').text).toBe('I told you: “2+3 = 5” [simulated]');
  });

  test('what was never said is not known', () => {
    expect(session([])('What is my name?').text).toBe(
      'You have not told me your name in this conversation. [simulated]',
    );
    expect(session([])('What was my first question?').text).toMatch(/nothing before/);
  });
});

describe('arithmetic', () => {
  test.each([
    ['what is 12*7+3', ['12*7+3']],
    ['add 2 and 3', ['2 + 3']],
    ['subtract 3 from 10', ['10 - 3']],
    ['What is 6 times 7?', ['6 * 7']],
    ['What is 12*7+3 and what is (2+3)*4?', ['12*7+3', '(2+3)*4']],
    ['We met on 2026-11-23 in /tmp/1/2', []],
  ])('%s', (query, expressions) => {
    const planned = session([calculate], () => '1')(query).calls.flat();
    expect(planned).toEqual(expressions.map((expression) => ['math__calculate', { expression }]));
  });

  test('lists go to the statistics tool, and the answer names what was asked', () => {
    const summary = 'count: 3\nsum: 6\nmean: 2\nmedian: 2.5';
    const { calls, text } = session(all, () => summary)('What are the mean and median of 1, 2 and 3?');
    expect(calls).toEqual([[['math__statistics', { numbers: [1, 2, 3] }]]]);
    expect(text).toBe('The mean of 1, 2, 3 is 2. The median of 1, 2, 3 is 2.5 [simulated]');
  });

  test('a tool for one operation gets its operands', () => {
    const add = tool('every__get-sum', 'Returns the sum of two numbers', { a: number, b: number });
    expect(session([calculate, add])('add 2 and 3').calls).toEqual([[['every__get-sum', { a: 2, b: 3 }]]]);
  });

  test('steps in a row are rounds, and "that" is the result before', () => {
    const { calls } = session([calculate], () => '5')('calculate 2+3, then multiply that by 4');
    expect(calls).toEqual([
      [['math__calculate', { expression: '2+3' }]],
      [['math__calculate', { expression: '5 * 4' }]],
    ]);
  });

  test('without a tool no number is made up', () => {
    expect(session([])('what is 2+3').text).toBe('I would need a tool that computes 2+3. [simulated]');
  });
});

describe('named tools', () => {
  test.each<[string, unknown[]]>([
    ['use the echo tool with message hello', [['demo__echo', { message: 'hello' }]]],
    ['call get_current_time for Europe/Berlin', [['time__get_current_time', { timezone: 'Europe/Berlin' }]]],
    ['What time is it in Europe/Berlin?', [['time__get_current_time', { timezone: 'Europe/Berlin' }]]],
    ['list_directory path=/tmp', [['fs__list_directory', { path: '/tmp' }]]],
    [
      'Use fs__write_file {"path":"/tmp/a","content":"{}"}',
      [['fs__write_file', { path: '/tmp/a', content: '{}' }]],
    ],
    [
      'write_file path=/a content="hello world"',
      [['fs__write_file', { path: '/a', content: 'hello world' }]],
    ],
    [
      'call echo with message a and call echo with message b',
      [
        ['demo__echo', { message: 'a' }],
        ['demo__echo', { message: 'b' }],
      ],
    ],
    ['Is there an echo in here?', []],
    ['What is the weather?', []],
  ])('%s', (query, calls) => {
    expect(session(all)(query).calls.flat()).toEqual(calls);
  });

  test('enums and defaults fill what the text leaves out', () => {
    const get = tool('every__get', 'Gets', {
      kind: { type: 'string', enum: ['error', 'success', 'debug'] },
      size: { type: 'number', default: 3 },
    });
    expect(session([get])('use the get tool for a success').calls.flat()).toEqual([
      ['every__get', { kind: 'success', size: 3 }],
    ]);
  });

  test('an argument that cannot be filled is asked for', () => {
    expect(session(all)('call echo').text).toBe('I would need `message` for demo__echo. [simulated]');
  });
});

test('a failed call is said plainly, and nothing is tried again', () => {
  const { calls, text } = session(all, () => ({ error: 'disk full' }))('list_directory /tmp, then echo "x"');
  expect(calls).toHaveLength(1);
  expect(text).toBe('The tool fs__list_directory failed: disk full [simulated]');
});

test('what fits no tool is repeated honestly', () => {
  expect(session(all)('What is the weather?').text).toMatch(/^You asked: “What is the weather\?”\. None of/);
});
