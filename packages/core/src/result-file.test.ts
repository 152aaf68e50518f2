import { expect, test } from 'vitest';
import { fileInfo, resultFile } from './result-file.ts';

const image = (media_type: string, data: string) => ({
  type: 'image',
  source: { type: 'base64', media_type, data },
});
const png = image('image/png', Buffer.from('12345').toString('base64'));

test.each([
  ['a text', [{ type: 'text', text: 'é!' }], 'text/plain; charset=utf-8', 'é!'],
  ['an image', [png], 'image/png', '12345'],
  ['an image whose base64 has line ends', [image('image/png', 'MTIz\nNDU=\n')], 'image/png', '12345'],
])('%s is itself', (_what, blocks, mediaType, bytes) => {
  const file = resultFile(blocks);
  expect('text' in file ? file.text : Buffer.from(file.base64, 'base64').toString()).toBe(bytes);
  expect(fileInfo(file)).toEqual({ mediaType, bytes: Buffer.byteLength(bytes) });
});

test.each([
  ['several blocks', [{ type: 'text', text: 'é' }, png]],
  ['none', []],
  ['a type that a browser would run', [image('text/html', 'PGI+')]],
  ['a block of an unknown kind', [{ type: 'other', text: 'x' }]],
])('%s are the JSON of the blocks', (_what, blocks) => {
  const file = resultFile(blocks);
  const text = JSON.stringify(blocks);
  expect(file).toEqual({ mediaType: 'application/json', text });
  expect(fileInfo(file)).toEqual({ mediaType: 'application/json', bytes: Buffer.byteLength(text) });
});
