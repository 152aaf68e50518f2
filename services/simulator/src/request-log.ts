import { hash } from 'node:crypto';
import type { Message } from './conversation.ts';

/** One request of a job, as `GET /__sim/requests` tells it. Times are milliseconds since the epoch. */
export interface LoggedRequest {
  job: string;
  /** The name in the path `/as/<name>/…`; null without one. */
  client: string | null;
  begun: number;
  ended: number | null;
  request_id: string;
  /** What was sent whole; null while the answer is on its way, and when it never got there. */
  status: number | null;
  /** Assistant messages in the conversation that was sent. */
  replies: number;
  /** SHA-256 of the messages that were sent, as JSON. */
  digest: string;
}

const requestsKept = 200_000;

/** What was asked, request by request, for tests that look for repetitions. Kept only while it is switched on. */
export class RequestLog {
  private entries: LoggedRequest[] = [];

  begin(
    from: { job: string | undefined; client: string | undefined; requestId: string },
    messages: readonly Message[],
  ): LoggedRequest {
    const entry: LoggedRequest = {
      job: from.job ?? '',
      client: from.client ?? null,
      begun: Date.now(),
      ended: null,
      request_id: from.requestId,
      status: null,
      replies: messages.filter((message) => message.role === 'assistant').length,
      digest: hash('sha256', JSON.stringify(messages), 'hex'),
    };
    if (this.entries.length < requestsKept) this.entries.push(entry);
    return entry;
  }

  end(entry: LoggedRequest, status: number | null): void {
    entry.ended = Date.now();
    entry.status = status;
  }

  all(): readonly LoggedRequest[] {
    return this.entries;
  }

  reset(): void {
    this.entries = [];
  }
}
