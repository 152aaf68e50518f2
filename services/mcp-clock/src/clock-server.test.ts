import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClockServer } from './index.ts';

let client: Client;
beforeEach(async () => {
  const [here, there] = InMemoryTransport.createLinkedPair();
  await createClockServer(() => new Date('2026-11-25T16:04:05Z')).connect(there);
  client = new Client({ name: 'test', version: '1' });
  await client.connect(here);
});
afterEach(() => client.close());

async function call(
  name: string,
  input: Record<string, unknown>,
): Promise<{ text: string; isError: boolean }> {
  const { content, isError = false } = (await client.callTool({ name, arguments: input })) as CallToolResult;
  const [block] = content;
  return { text: block?.type === 'text' ? block.text : '', isError };
}

test.each([
  ['now', {}, 'Wednesday, 2026-11-25T16:04:05+00:00 (UTC)'],
  ['now', { timezone: 'Europe/Berlin' }, 'Wednesday, 2026-11-25T17:04:05+01:00 (Europe/Berlin)'],
  ['now', { timezone: 'Asia/Kathmandu' }, 'Wednesday, 2026-11-25T21:49:05+05:45 (Asia/Kathmandu)'],
  [
    'convert_time',
    { at: '2026-07-01T00:00:00+02:00', timezone: 'America/New_York' },
    'Tuesday, 2026-06-30T18:00:00-04:00 (America/New_York)',
  ],
  [
    'time_between',
    { from: '2026-11-25T16:00:00Z', to: '2026-11-27T19:01:00Z' },
    '2 days 3 hours 1 minute; the second is later.',
  ],
  [
    'time_between',
    { from: '2026-11-25T16:00:01Z', to: '2026-11-25T16:00:00Z' },
    '1 second; the second is earlier.',
  ],
  ['time_between', { from: '2026-11-25T16:00:00Z', to: '2026-11-25T17:00:00+01:00' }, 'The same time.'],
])('%s %j', async (name, input, text) => {
  expect(await call(name, input)).toEqual({ text, isError: false });
});

test.each([
  ['now', { timezone: 'Mars/Olympus' }, /Mars\/Olympus/],
  ['convert_time', { at: '2026-11-25T16:00:00', timezone: 'UTC' }, /no time with an offset/],
  ['time_between', { from: 'yesterday', to: '2026-11-25T16:00:00Z' }, /no time with an offset/],
])('%s %j is refused in words', async (name, input, words) => {
  const { text, isError } = await call(name, input);
  expect(isError).toBe(true);
  expect(text).toMatch(words);
});
