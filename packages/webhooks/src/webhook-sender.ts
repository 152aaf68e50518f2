import type { AttemptResult, Webhook } from '@mcp-fleet/core';
import { type Agent, type Dispatcher, request } from 'undici';
import { AddressPolicy } from './address-policy.ts';
import { urlProblem } from './check-url.ts';
import { guardedAgent, type Lookup, RefusedAddress } from './guarded-agent.ts';
import { signedHeaders } from './sign.ts';

/** For connecting, sending and the answer together. */
const defaultTimeoutMs = 15_000;

/** Bytes of an answer's body that are read, so that the connection can be used again; a longer one closes it. */
const mostAnswerBytes = 1_024;

/** What an attempt came to. `retryAfterMs`: how long a receiver that is busy asked to be left alone. */
export type SendResult = AttemptResult & { retryAfterMs: number | null };

/** Answers whose `retry-after` counts. */
const busyStatuses = new Set([429, 503]);

export interface SenderOptions {
  /** Hosts, addresses and CIDR ranges that may be reached although they are private, also without encryption. */
  allow?: readonly string[];
  timeoutMs?: number;
  lookup?: Lookup;
}

/** Sends signed events to webhooks. Never throws for what a receiver does: it is the result. */
export class WebhookSender {
  readonly #policy: AddressPolicy;
  readonly #agent: Agent;
  readonly #timeoutMs: number;

  constructor(options: SenderOptions = {}) {
    this.#policy = new AddressPolicy(options.allow);
    this.#agent = guardedAgent(this.#policy, options.lookup);
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  }

  /** One attempt. `eventId` is the same for every attempt; `at` is the time that is signed. */
  async send(
    webhook: Pick<Webhook, 'url' | 'secrets'>,
    message: { eventId: string; body: string; at: Date },
    signal?: AbortSignal,
  ): Promise<SendResult> {
    const began = performance.now();
    const result = await this.#attempt(webhook, message, signal);
    return { ...result, durationMs: Math.round(performance.now() - began) };
  }

  /** Closes every connection. */
  async stop(): Promise<void> {
    await this.#agent.destroy();
  }

  async #attempt(
    { url, secrets }: Pick<Webhook, 'url' | 'secrets'>,
    { eventId, body, at }: { eventId: string; body: string; at: Date },
    signal: AbortSignal | undefined,
  ): Promise<Omit<SendResult, 'durationMs'>> {
    const problem = urlProblem(url, this.#policy);
    if (problem !== null) return refusal(problem);
    const timeout = AbortSignal.timeout(this.#timeoutMs);
    try {
      const answer = await request(url, {
        method: 'POST',
        dispatcher: this.#agent,
        body,
        headers: {
          'content-type': 'application/json',
          'user-agent': 'mcp-fleet',
          ...signedHeaders(secrets, { id: eventId, at, body }),
        },
        signal: signal === undefined ? timeout : AbortSignal.any([timeout, signal]),
      });
      await drop(answer);
      return resultOf(answer.statusCode, answer.headers['retry-after'], at);
    } catch (thrown) {
      if (timeout.aborted) return failed(`No answer came within ${this.#timeoutMs / 1_000} s.`);
      return faultOf(thrown);
    }
  }
}

/** The status counts, whatever becomes of the body. */
async function drop({ body }: Dispatcher.ResponseData): Promise<void> {
  let bytes = 0;
  try {
    for await (const chunk of body) {
      bytes += (chunk as Buffer).byteLength;
      if (bytes > mostAnswerBytes) return;
    }
  } catch {
    // A body that breaks off changes nothing about the status that came before it.
  }
}

function resultOf(
  status: number,
  retryAfter: string | string[] | undefined,
  now: Date,
): Omit<SendResult, 'durationMs'> {
  if (status >= 200 && status < 300) {
    return { outcome: 'delivered', status, error: null, retryAfterMs: null };
  }
  if (status === 410) {
    const error = 'The receiver answered 410: it wants no more events.';
    return { outcome: 'gone', status, error, retryAfterMs: null };
  }
  const redirect = status >= 300 && status < 400 ? ', a redirect, which is not followed' : '';
  const error = `The receiver answered ${status}${redirect}.`;
  const retryAfterMs = busyStatuses.has(status) ? millisecondsOf(String(retryAfter), now) : null;
  return { outcome: 'failed', status, error, retryAfterMs };
}

/** Reads a `retry-after`, in seconds or as a date (RFC 9110, section 10.2.3); null when it is neither. */
function millisecondsOf(retryAfter: string, now: Date): number | null {
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1_000;
  const at = Date.parse(retryAfter);
  return Number.isNaN(at) ? null : Math.max(0, at - now.getTime());
}

function failed(error: string): Omit<SendResult, 'durationMs'> {
  return { outcome: 'failed', status: null, error, retryAfterMs: null };
}

function refusal(error: string): Omit<SendResult, 'durationMs'> {
  return { outcome: 'refused', status: null, error, retryAfterMs: null };
}

function faultOf(thrown: unknown): Omit<SendResult, 'durationMs'> {
  const faults = [thrown, ...(thrown instanceof AggregateError ? thrown.errors : [])];
  const refused = faults.find((fault) => fault instanceof RefusedAddress);
  if (refused) return refusal(refused.message);
  const code = faults.map(codeOf).find((each) => each !== null);
  return failed(`The receiver could not be reached${code ? ` (${code})` : ''}.`);
}

function codeOf(fault: unknown): string | null {
  return fault instanceof Error && 'code' in fault ? String(fault.code) : null;
}
