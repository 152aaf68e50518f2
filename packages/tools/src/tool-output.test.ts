import { expect, test } from 'vitest';
import { callResult, toToolOutput } from './tool-output.ts';

function blocks(result: unknown) {
  return toToolOutput(callResult.parse(result)).content;
}

const note = (text: string) => [{ type: 'text', text }];

test.each([
  ['text', { type: 'text', text: 'hi', annotations: {} }, 'hi'],
  [
    'a strange image',
    { type: 'image', data: 'AAAA', mimeType: 'image/tiff' },
    '[image image/tiff of 3 bytes is not shown]',
  ],
  [
    'audio',
    { type: 'audio', data: 'AAAA', mimeType: 'audio/wav' },
    '[audio content audio/wav of 3 bytes is not shown]',
  ],
  [
    'a text resource',
    { type: 'resource', resource: { uri: 'file:///a', text: 'A' } },
    '[resource file:///a]\nA',
  ],
  [
    'a binary resource',
    { type: 'resource', resource: { uri: 'file:///b', mimeType: 'application/pdf', blob: 'AAAA' } },
    '[resource file:///b application/pdf of 3 bytes is not shown]',
  ],
  [
    'a resource link',
    { type: 'resource_link', uri: 'file:///c', name: 'c', description: 'the third' },
    '[resource link c file:///c: the third]',
  ],
  ['what is yet unknown', { type: 'hologram' }, '[hologram content is not shown]'],
])('%s becomes text', (_name, content, text) => {
  expect(blocks({ content: [content] })).toEqual(note(text));
});

test('an image that models take stays an image', () => {
  expect(blocks({ content: [{ type: 'image', data: 'AAAA', mimeType: 'image/png' }] })).toEqual([
    { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
  ]);
});

test('structured content counts only where there is no other', () => {
  expect(blocks({ content: [], structuredContent: { a: 1 } })).toEqual(note('{"a":1}'));
  expect(blocks({ content: [{ type: 'text', text: 'x' }], structuredContent: { a: 1 } })).toEqual(note('x'));
});

test('nothing at all is said to be nothing, and an error stays an error', () => {
  expect(toToolOutput(callResult.parse({ isError: true }))).toEqual({
    content: note('(no output)'),
    isError: true,
  });
  expect(toToolOutput(callResult.parse({ content: [] }))).toEqual({
    content: note('(no output)'),
    isError: false,
  });
});
