import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { sendError } from '../errors.ts';
import type { Api } from '../parts.ts';

/** How long a refused body is read to its end. */
const longestMs = 10_000;

/**
 * Lets large bodies come to their end, unread, before they are refused: a client that is still sending when the
 * connection closes sees a broken connection and not the answer.
 */
export function drainBeforeErrors(app: Api): void {
  app.setErrorHandler(async (error: Error, request, reply) => {
    await drained(request.raw);
    return sendError(error, request, reply);
  });
}

async function drained(body: IncomingMessage): Promise<void> {
  if (body.complete || body.destroyed) return;
  const over = new AbortController();
  for (const event of ['end', 'close', 'error']) body.once(event, () => over.abort());
  body.resume();
  await sleep(longestMs, undefined, { signal: over.signal }).catch(() => undefined);
}
