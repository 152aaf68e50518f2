import { expect, test } from 'vitest';
import { compareTools, concerns, isAllowed, mayBelongTo, offeredName } from './tool-names.ts';

test('a name that obeys the rule stays as it is', () => {
  expect(offeredName('math', 'compound_interest')).toBe('math__compound_interest');
  expect(offeredName('a', '_b')).toBe('a___b');
});

const awkward: [string, string][] = [
  ['my.server', 'do.thing'],
  ['my_server', 'do.thing'],
  ['a_', 'b'],
  ['a__b', 'c'],
  ['a', 'b__c'],
  ['größe', 'messen'],
  ['x', 'y'.repeat(128)],
  ['x', `${'y'.repeat(127)}z`],
  ['s'.repeat(100), 'one'],
  ['s'.repeat(100), 'two'],
  ['math', 'sum-0123456789ab'],
];

test('every name obeys the rule, and no two are the same', () => {
  const names = awkward.map(([server, tool]) => offeredName(server, tool));
  for (const name of names) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
  expect(new Set(names).size).toBe(awkward.length);
});

test('a tool that is named like the offered form of another does not take its place', () => {
  const digested = offeredName('a', 'b.c');
  expect(offeredName('a', digested.slice('a__'.length))).not.toBe(digested);
});

test.each(awkward)('an offered name of %s may belong to it', (server, tool) => {
  expect(mayBelongTo(offeredName(server, tool), server)).toBe(true);
  expect(mayBelongTo(offeredName(server, tool), 'other')).toBe(false);
});

test('patterns allow a tool, a whole server, or nothing', () => {
  expect(isAllowed(undefined, 'math', 'sum')).toBe(true);
  expect(isAllowed([], 'math', 'sum')).toBe(false);
  expect(isAllowed(['math__*'], 'math', 'sum')).toBe(true);
  expect(isAllowed(['math__sum'], 'math', 'sum')).toBe(true);
  expect(isAllowed(['math__sum'], 'math', 'mean')).toBe(false);
  expect(isAllowed(['mat__*'], 'math', 'sum')).toBe(false);
  expect(isAllowed(['my.server__do.thing'], 'my.server', 'do.thing')).toBe(true);
  expect(isAllowed([offeredName('my.server', 'do.thing')], 'my.server', 'do.thing')).toBe(true);
  expect(concerns('my.server__*', 'my.server')).toBe(true);
  expect(concerns('math__sum', 'my.server')).toBe(false);
});

test('the order is by server, then by tool, by code unit', () => {
  const tools = ['b/a', 'a/b', 'a/B', 'a/a'].map((pair) => {
    const [server = '', tool = ''] = pair.split('/');
    return { server, tool };
  });
  expect(tools.sort(compareTools).map(({ server, tool }) => `${server}/${tool}`)).toEqual([
    'a/B',
    'a/a',
    'a/b',
    'b/a',
  ]);
});
