import type { Position } from '@mcp-fleet/core';

const form = /^(\d{1,6})\.(-1|\d{1,6})(?:!(\d{1,6}(?:,\d{1,6})*))?$/;

/**
 * How far a stream of steps has come. Results of parallel calls are recorded in the order in which they end, so that
 * a position alone would lose those that end later: what is missing before it belongs to the cursor.
 */
export class StreamCursor {
  #at: Position = { round: 0, slot: -2 };
  readonly #missing = new Set<number>();

  /** The cursor that an event's id stands for; the beginning for a text that is none. */
  static parse(text: unknown): StreamCursor {
    const cursor = new StreamCursor();
    const [, round, slot, missing] = form.exec(typeof text === 'string' ? text : '') ?? [];
    if (round === undefined) return cursor;
    cursor.#at = { round: Number(round), slot: Number(slot) };
    for (const gap of missing?.split(',') ?? []) cursor.#missing.add(Number(gap));
    return cursor;
  }

  /** The round from which on there may be steps that are still to come. */
  get round(): number {
    return this.#at.round;
  }

  /** True when the step at this position was passed already. */
  has({ round, slot }: Position): boolean {
    if (round !== this.#at.round) return round < this.#at.round;
    return slot <= this.#at.slot && !this.#missing.has(slot);
  }

  /** Passes a step; steps of one read come in order. */
  pass({ round, slot }: Position): void {
    const sameRound = round === this.#at.round;
    if (sameRound && slot < this.#at.slot) {
      this.#missing.delete(slot);
      return;
    }
    if (!sameRound) this.#missing.clear();
    const before = sameRound ? this.#at.slot : 0;
    for (let gap = Math.max(before, 0) + 1; gap < slot; gap += 1) this.#missing.add(gap);
    this.#at = { round, slot };
  }

  /** The id of the event that has just passed: `round.slot`, and behind `!` the slots that are still to come. */
  get id(): string {
    const gaps = this.#missing.size === 0 ? '' : `!${[...this.#missing].join(',')}`;
    return `${this.#at.round}.${this.#at.slot}${gaps}`;
  }
}
