import { describe, expect, test } from 'vitest';
import { classifyError, retryAfterMs } from './classify-error.ts';

function classified(status: number | undefined, type?: string, code?: string, message = 'm') {
  const fault = { provider: 'p', status, type, code, message, headers: undefined, cause: undefined };
  return classifyError(fault);
}

describe('classifyError', () => {
  test.each([
    [429, 'rate_limit_error', undefined, 'model_rate_limited'],
    [429, 'rate_limit_error', 'ramp_limit_exceeded', 'model_rate_limited'],
    [429, 'rate_limit_error', 'enforced_spend_limit_reached', 'model_rejected'],
    [429, 'rate_limit_error', 'contract_spend_limit_reached', 'model_rejected'],
    [429, 'insufficient_quota', 'insufficient_quota', 'model_rejected'],
    [402, 'billing_error', undefined, 'model_rejected'],
    [400, 'invalid_request_error', 'context_length_exceeded', 'context_window_exceeded'],
    [529, 'overloaded_error', undefined, 'model_unavailable'],
    [undefined, 'overloaded_error', undefined, 'model_unavailable'],
    [undefined, 'rate_limit_error', undefined, 'model_rate_limited'],
    [undefined, 'server_error', undefined, 'model_unavailable'],
  ])('%s %s %s is %s', (status, type, code, expected) => {
    expect(classified(status, type, code).code).toBe(expected);
  });

  test('the message is the provider’s own', () => {
    expect(classified(529, 'overloaded_error', undefined, 'Overloaded').message).toBe(
      'p answered 529 overloaded_error: Overloaded',
    );
  });
});

test.each([
  [{}, undefined],
  [{ 'retry-after': '2' }, 2000],
  [{ 'retry-after': '0' }, 0],
  [{ 'retry-after': '2', 'retry-after-ms': '1500' }, 1500],
  [{ 'retry-after': 'soon' }, undefined],
  [{ 'retry-after': 'Mon, 01 Jan 2001 00:00:00 GMT' }, 0],
])('retry-after of %o is %s ms', (headers, expected) => {
  expect(retryAfterMs(new Headers(headers as Record<string, string>))).toBe(expected);
});
