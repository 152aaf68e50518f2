import type { FleetEvent } from '@mcp-fleet/core';

/**
 * The text of a job's reply as it comes, where the job runs in this process. What was handed out stays: when the
 * model is asked once more, nothing comes until the new text goes on behind the old.
 */
export class LiveText {
  /** All that was handed out. */
  sent = '';
  ended = false;
  #heard = '';

  hear(event: FleetEvent): void {
    if (event.type === 'model_started') this.#heard = '';
    if (event.type === 'text_delta') this.#heard += event.text;
    if (event.type === 'job_ended') this.ended = true;
  }

  /** What came since the last time. */
  next(): string {
    if (!this.#heard.startsWith(this.sent)) return '';
    const text = this.#heard.slice(this.sent.length);
    this.sent = this.#heard;
    return text;
  }
}
