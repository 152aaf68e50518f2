import type { FleetEvent } from '@mcp-fleet/core';

/** Characters of a reply that are kept; of one that is longer, newcomers get the rest only. */
const longest = 256 * 1024;

type Delta = Extract<FleetEvent, { type: 'text_delta' }>;

/** The replies that models are writing now, so that whoever begins to follow a job gets the text from its beginning. */
export class PartialReplies {
  readonly #replies = new Map<string, Delta>();

  readonly listen = (event: FleetEvent): void => {
    const { jobId } = event.job;
    if (event.type !== 'text_delta') {
      if (event.type !== 'tool_progress') this.#replies.delete(jobId);
      return;
    }
    const known = this.#replies.get(jobId);
    if (event.offset === 0) this.#replies.set(jobId, { ...event });
    else if (known && known.text.length + event.text.length <= longest) known.text += event.text;
    else this.#replies.delete(jobId);
  };

  /** The text of the reply that is under way, as one delta; null when there is none. */
  of(jobId: string): FleetEvent | null {
    return this.#replies.get(jobId) ?? null;
  }

  /** The job runs here no longer. */
  forget(jobId: string): void {
    this.#replies.delete(jobId);
  }
}
