import { expect, test } from 'vitest';
import { inputCheck } from './input-check.ts';

const draft07 = 'http://json-schema.org/draft-07/schema#';

test('arguments that fit pass, in 2020-12 and in draft-07', () => {
  const pair = { type: 'object', properties: { p: { prefixItems: [{ type: 'number' }] } }, required: ['p'] };
  expect(inputCheck(pair)({ p: [1] })).toBeUndefined();
  expect(inputCheck(pair)({ p: ['x'] })).toContain('/p/0 must be number');
  const old = { $schema: draft07, type: 'object', properties: { p: { items: [{ type: 'number' }] } } };
  expect(inputCheck(old)({ p: [1] })).toBeUndefined();
  expect(inputCheck(old)({ p: ['x'] })).toContain('/p/0 must be number');
});

test('a misfit is one sentence that lists every path', () => {
  const schema = {
    type: 'object',
    properties: { unit: { enum: ['m', 'ft'] }, at: { type: 'string', format: 'date-time' } },
    required: ['length'],
    additionalProperties: false,
  };
  expect(inputCheck(schema)({ unit: 'mile', at: 'noon', extra: 1 })).toBe(
    "The arguments do not fit the tool's schema: the arguments must have required property 'length'; " +
      'the arguments must not have the property "extra"; ' +
      '/unit must be equal to one of the allowed values (["m","ft"]); ' +
      '/at must match format "date-time". Correct them and call again.',
  );
});

test('two schemas with one $id do not disturb each other', () => {
  const number = { $id: 'urn:same', type: 'object', properties: { a: { type: 'number' } } };
  const string = { $id: 'urn:same', type: 'object', properties: { a: { type: 'string' } } };
  expect(inputCheck(number)({ a: 1 })).toBeUndefined();
  expect(inputCheck(string)({ a: 'x' })).toBeUndefined();
  expect(inputCheck(number)).toBe(inputCheck(number));
});

function nested(levels: number): Record<string, unknown> {
  return levels === 0 ? { type: 'number' } : { type: 'object', properties: { a: nested(levels - 1) } };
}

test.each([
  ['refers to a network', { type: 'object', properties: { a: { $ref: 'https://example.com/schema.json' } } }],
  ['does not compile', { type: 'object', properties: { a: { type: 'banana' } } }],
  ['has an unknown dialect', { $schema: 'https://example.com/dialect', type: 'object', required: ['a'] }],
  ['is too deep', { ...nested(40), required: ['a'] }],
  ['is too large', { type: 'object', required: ['a'], description: 'x'.repeat(300_000) }],
])('a schema that %s checks nothing', (_name, schema) => {
  expect(inputCheck(schema)({ b: 'anything' })).toBeUndefined();
});
