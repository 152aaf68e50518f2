import { FleetError, type ModelReply, type ModelRequest } from '@mcp-fleet/core';
import { expect, test } from 'vitest';
import { PacedModel } from './paced-model.ts';

const options = { signal: new AbortController().signal };
const request = (model: string) => ({ model }) as ModelRequest;

function paced() {
  const state: { calls: string[]; fault: FleetError | null; told: [string, number][] } = {
    calls: [],
    fault: null,
    told: [],
  };
  const model = new PacedModel(
    {
      complete: async ({ model: name }) => {
        state.calls.push(name);
        if (state.fault) throw state.fault;
        return {} as ModelReply;
      },
    },
    (name, forMs) => state.told.push([name, forMs]),
  );
  return { model, state };
}

test('a rate limit that one call meets keeps all others of that model from being sent', async () => {
  const { model, state } = paced();
  state.fault = new FleetError('model_rate_limited', 'slow down', { retryAfterMs: 60_000 });
  await expect(model.complete(request('a/x'), options)).rejects.toThrow('slow down');
  state.fault = null;
  await expect(model.complete(request('a/x'), options)).rejects.toMatchObject({ code: 'model_rate_limited' });
  await model.complete(request('a/y'), options);
  expect(state.calls).toEqual(['a/x', 'a/y']);
  expect(state.told).toEqual([['a/x', 60_000]]);
});

test('a pause that another process tells of holds here, says how long to wait, and ends', async () => {
  const { model, state } = paced();
  model.pause('a/x', 40_000);
  const refused = await model.complete(request('a/x'), options).catch((thrown: FleetError) => thrown);
  expect((refused as FleetError).retryAfterMs).toBeGreaterThan(30_000);
  model.pause('a/y', 0);
  await model.complete(request('a/y'), options);
  expect(state.calls).toEqual(['a/y']);
  expect(state.told).toEqual([]);
});

test('other faults pass and pause nothing', async () => {
  const { model, state } = paced();
  state.fault = new FleetError('model_unavailable', 'overloaded');
  await expect(model.complete(request('a/x'), options)).rejects.toThrow('overloaded');
  state.fault = null;
  await model.complete(request('a/x'), options);
  expect(state.told).toEqual([]);
});
