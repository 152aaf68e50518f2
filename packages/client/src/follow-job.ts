import { FleetApiError } from './api-error.ts';
import { type Http, pause } from './http.ts';
import { readEvents } from './read-events.ts';
import type { JobEvent } from './types.ts';

/** Times in a row that a stream may break without having brought anything. */
const mostFailures = 10;

/** Until the fleet says otherwise. */
const defaultPauseMs = 1_000;

/**
 * What happens to a job, until it has ended. A connection that breaks is made again and goes on behind the last
 * step that came, so that none is missed and none comes twice; text of a reply that was under way may.
 */
export async function* followJob(http: Http, id: string, signal?: AbortSignal): AsyncGenerator<JobEvent> {
  let lastId: string | null = null;
  let pauseMs = defaultPauseMs;
  for (let failures = 0; ; failures += 1) {
    try {
      const response = await http.send({
        method: 'GET',
        path: `/v1/jobs/${encodeURIComponent(id)}/events`,
        headers: { accept: 'text/event-stream', ...(lastId === null ? {} : { 'last-event-id': lastId }) },
        signal,
      });
      for await (const { event, data, id: eventId, retryMs } of readEvents(response.body)) {
        failures = 0;
        if (retryMs !== null) pauseMs = retryMs;
        if (data === null) continue;
        if (eventId !== null) lastId = eventId;
        const happened = { event, data: JSON.parse(data) } as JobEvent;
        yield happened;
        if (happened.event === 'ended') return;
      }
    } catch (thrown) {
      signal?.throwIfAborted();
      // What fetch throws when a stream breaks half-way is no error of the fleet's.
      if (thrown instanceof FleetApiError && !thrown.isTransient) throw thrown;
      if (failures >= mostFailures) throw thrown;
    }
    await pause(pauseMs, signal);
  }
}
