import { setTimeout as sleep } from 'node:timers/promises';
import { FleetApiError, FleetClient } from '@mcp-fleet/client';
import type { Random } from '../random.ts';

/** What a producer knows of a job that it submitted. Times are milliseconds since the epoch. */
export interface Submission {
  key: string;
  sessionId: string | null;
  query: string;
  /** Before the first request that carried it. */
  sentAt: number;
  /** After the answer that named the job; null while none came. */
  acceptedAt: number | null;
  /** Ids that the API has answered with; a repetition must get the same. */
  jobIds: string[];
  /** Set when the API refused it for good. */
  refused: string | null;
}

/** A client of the fleet that never gives up, and sometimes loses an answer on purpose. */
export interface Producer {
  submissions: Submission[];
  /** Requests sent, repetitions included. */
  readonly requests: number;
  createSession(): Promise<string | null>;
  /** Resolves once the job is accepted, refused, or the producer is told to stop. */
  submit(query: string, sessionId: string | null): Promise<void>;
}

const requestMs = 5_000;
const lostAnswers = 0.08;

export function startProducer(url: string, random: Random, signal: AbortSignal): Producer {
  const client = new FleetClient({
    url,
    fetch: (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(requestMs) }),
  });
  const submissions: Submission[] = [];
  let requests = 0;
  const pause = () => sleep(200 + random.next() * 300, undefined, { signal }).catch(() => undefined);

  async function createSession(): Promise<string | null> {
    while (!signal.aborted) {
      try {
        return (await client.sessions.create()).id;
      } catch {
        await pause();
      }
    }
    return null;
  }

  async function submit(query: string, sessionId: string | null): Promise<void> {
    const key = `chaos-${submissions.length + 1}`;
    const submission: Submission = {
      key,
      sessionId,
      query,
      sentAt: Date.now(),
      acceptedAt: null,
      jobIds: [],
      refused: null,
    };
    submissions.push(submission);
    const job = { query, ...(sessionId === null ? {} : { session_id: sessionId }) };
    // A job may have been accepted with its answer lost: it is asked for until it is known.
    for (let tries = 0; tries < 200; tries += 1) {
      try {
        requests += 1;
        const { id } = await client.jobs.create(job, { idempotencyKey: key });
        submission.jobIds.push(id);
        if (random.next() < lostAnswers) continue;
        submission.acceptedAt = Date.now();
        return;
      } catch (thrown) {
        const status = thrown instanceof FleetApiError ? thrown.status : 0;
        if (status >= 400 && status < 500) {
          submission.refused = thrown instanceof Error ? thrown.message : String(thrown);
          return;
        }
        await (signal.aborted ? sleep(300) : pause());
      }
    }
  }

  return {
    submissions,
    get requests() {
      return requests;
    },
    createSession,
    submit,
  };
}
