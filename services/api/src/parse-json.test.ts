import { expect, test } from 'vitest';
import { isDeeper } from './parse-json.ts';

const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);

test.each([
  ['arrays at the limit', nested(3), false],
  ['arrays over it', nested(4), true],
  ['objects over it', '{"a":{"a":{"a":{}}}}', true],
  ['arrays and objects over it', '[{"a":[{}]}]', true],
  ['many side by side', `[${nested(2)},${nested(2)},{"a":{}}]`, false],
  ['brackets in a string', '["[[[[{{{{", {"[[[[": 1}]', false],
  ['a string with quotes in it', '["\\"[[[[\\\\", [["]"]]]', false],
  ['a string that ends with a backslash', '["\\\\", [[[]]]]', true],
  ['what never ends', '[[[[', true],
  ['no JSON', ']]]][[[[[[[', false],
])('%s', (_what, json, deeper) => {
  expect(isDeeper(json, 3)).toBe(deeper);
});
