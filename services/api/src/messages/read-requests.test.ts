import { expect, test } from 'vitest';
import { longestRequest, readRequests } from './read-requests.ts';

async function read(...parts: (string | Buffer)[]): Promise<unknown[]> {
  async function* stream() {
    for (const part of parts) yield Buffer.from(part);
  }
  const found = [];
  for await (const request of readRequests(stream())) found.push(request);
  return found;
}

test('requests are put together from pieces, wherever they are cut', async () => {
  const body = Buffer.from('{"requests":[{"x":"ä}"},{"y":[1,{"z":null}]}]}');
  for (let cut = 1; cut < body.length; cut += 1) {
    const found = await read(body.subarray(0, cut), body.subarray(cut));
    expect(found).toEqual([{ x: 'ä}' }, { y: [1, { z: null }] }]);
  }
});

test('a request is there before the body has ended', async () => {
  async function* broken() {
    yield Buffer.from('{"requests":[{"n":1},');
    throw new Error('broken');
  }
  const requests = readRequests(broken());
  expect((await requests.next()).value).toEqual({ n: 1 });
  await expect(requests.next()).rejects.toThrow('broken');
});

test.each([
  ['nothing', '', 'invalid_request'],
  ['no JSON', '{"requests":[}', 'invalid_request'],
  ['half of it', '{"requests":[{}', 'invalid_request'],
  ['an object', '{"requests":{"a":{}}}', 'invalid_request'],
  ['another key', '{"b":1,"requests":[]}', 'invalid_request'],
  ['something behind it', '{"requests":[]}}', 'invalid_request'],
])('%s is refused', async (_what, body, code) => {
  await expect(read(body)).rejects.toMatchObject({ code });
});

test('of a request that does not end only so much is read', async () => {
  const piece = 'x'.repeat(1024 * 1024);
  const pieces = Array.from({ length: longestRequest / piece.length + 1 }, () => piece);
  await expect(read('{"requests":["', ...pieces)).rejects.toMatchObject({ code: 'query_too_large' });
});
