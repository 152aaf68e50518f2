import type { FleetEvent } from '@mcp-fleet/core';

/**
 * The text of a job's reply as it comes. What was handed out stays: when the
 * model is asked once more, nothing comes until the new text goes on behind the old.
 */
export class LiveText {
  /** All that was handed out. */
  sent = '';
  ended = false;
  #heard = '';

  hear(event: FleetEvent): void {
    if (event.type === 'model_started') this.#heard = '';
    if (event.type === 'text_delta') this.#add(event);
    if (event.type === 'job_ended') this.ended = true;
  }

  /** Text may come again, from the reply's beginning on; behind a gap it waits for the step. */
  #add({ offset, text }: { offset: number; text: string }): void {
    if (offset > this.#heard.length) return;
    const known = this.#heard.length - offset;
    this.#heard += text.slice(known);
  }

  /** What came since the last time. */
  next(): string {
    if (!this.#heard.startsWith(this.sent)) return '';
    const text = this.#heard.slice(this.sent.length);
    this.sent = this.#heard;
    return text;
  }
}
