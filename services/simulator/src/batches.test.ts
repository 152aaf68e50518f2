import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type RunningSimulator, startSimulator } from './index.ts';

let simulator: RunningSimulator;
beforeAll(async () => {
  simulator = await startSimulator({ apiKey: 'k' });
});
afterEach(() => simulator.reset());
afterAll(() => simulator.stop());

const path = '/v1/messages/batches';
const params = { model: 'simulated', max_tokens: 100, messages: [{ role: 'user', content: 'Hello' }] };
const requests = (...ids: string[]) => ({ requests: ids.map((custom_id) => ({ custom_id, params })) });

function call(method: string, url: string, body?: unknown): Promise<Response> {
  return fetch(url.startsWith('http') ? url : simulator.url + url, {
    method,
    headers: { 'x-api-key': 'k', 'anthropic-version': '2023-06-01' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}
const json = async (method: string, url: string, body?: unknown) => (await call(method, url, body)).json();

test('counts stay at processing until the batch has ended; results come as lines', async () => {
  simulator.configure({ batchMs: null });
  simulator.script({ job: 'b', replies: [{ content: 'as scripted' }] });
  simulator.scriptBatches({ job: 'c', items: ['expired'] });
  simulator.scriptBatches({ job: 'd', items: [{ status: 400, message: 'no' }] });
  const made = await json('POST', path, requests('a-0-1', 'b-0-1', 'c-0-1', 'd-0-1'));
  const none = { succeeded: 0, errored: 0, canceled: 0, expired: 0 };
  expect(made).toMatchObject({
    type: 'message_batch',
    processing_status: 'in_progress',
    request_counts: { processing: 4, ...none },
    results_url: null,
    ended_at: null,
  });
  expect((await call('GET', `${path}/${made.id}/results`)).status).toBe(404);
  expect(simulator.endBatches()).toBe(1);
  const ended = await json('GET', `${path}/${made.id}`);
  expect(ended).toMatchObject({
    processing_status: 'ended',
    request_counts: { processing: 0, succeeded: 2, errored: 1, canceled: 0, expired: 1 },
  });
  const lines = (await (await call('GET', ended.results_url)).text()).trim().split('\n');
  const results = Object.fromEntries(
    lines.map((line) => JSON.parse(line)).map(({ custom_id, result }) => [custom_id, result]),
  );
  expect(results['a-0-1'].message.content[0].text).toMatch(/\[simulated\]$/);
  expect(results['b-0-1']).toMatchObject({
    type: 'succeeded',
    message: { content: [{ text: 'as scripted' }], usage: { service_tier: 'batch' } },
  });
  expect(results['c-0-1']).toEqual({ type: 'expired' });
  expect(results['d-0-1'].error.error).toEqual({ type: 'invalid_request_error', message: 'no' });
});

test('is listed newest first, page by page', async () => {
  const ids: string[] = [];
  for (const id of ['a', 'b', 'c']) ids.unshift((await json('POST', path, requests(id))).id);
  const first = await json('GET', `${path}?limit=2`);
  expect(first).toMatchObject({ has_more: true, first_id: ids[0], last_id: ids[1] });
  const rest = await json('GET', `${path}?limit=2&after_id=${first.last_id}`);
  expect(rest.data.map((batch: { id: string }) => batch.id)).toEqual([ids[2]]);
  expect(rest.has_more).toBe(false);
});

test('is canceled, and deleted once it has ended', async () => {
  simulator.configure({ batchMs: null });
  const { id } = await json('POST', path, requests('a'));
  expect((await call('DELETE', `${path}/${id}`)).status).toBe(400);
  expect(await json('POST', `${path}/${id}/cancel`)).toMatchObject({ processing_status: 'canceling' });
  await expect
    .poll(() => json('GET', `${path}/${id}`))
    .toMatchObject({ processing_status: 'ended', request_counts: { canceled: 1 } });
  expect(await json('DELETE', `${path}/${id}`)).toEqual({ id, type: 'message_batch_deleted' });
  expect((await call('GET', `${path}/${id}`)).status).toBe(404);
});

test('a creation can be refused, or made and its answer lost', async () => {
  simulator.scriptBatches({ creations: [{ status: 429, retry_after: 3 }, 'lost'] });
  const limited = await call('POST', path, requests('a'));
  expect([limited.status, limited.headers.get('retry-after')]).toEqual([429, '3']);
  expect(simulator.batches()).toEqual([]);
  await expect(call('POST', path, requests('a'))).rejects.toThrow('fetch failed');
  expect(simulator.batches()).toMatchObject([{ custom_ids: ['a'] }]);
});

test.each([
  ['no requests', { requests: [] }, /at least 1/],
  ['a long custom_id', requests('x'.repeat(65)), /at most 64/],
  ['a custom_id with a dot', requests('a.b'), /pattern/],
  ['a custom_id twice', requests('a', 'a'), /duplicate/],
])('%s is refused', async (_what, body, message) => {
  const response = await call('POST', path, body);
  expect(response.status).toBe(400);
  expect((await response.json()).error.message).toMatch(message);
});
