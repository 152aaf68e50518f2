/** How often the queue is looked at, and how many looks in a row make a stand-still. */
const lookMs = 5_000;
const looksBeforeRestart = 3;

/**
 * Notices a consumer that has room and takes nothing although ids wait: a connection that hangs, or a loop that
 * ended. Being connected is no sign of life; taking is.
 */
export class ProgressWatch {
  readonly #waiting: () => Promise<number>;
  readonly #restart: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #takenSince = true;
  #hasRoom: () => boolean;
  #idleLooks = 0;
  #stuckSince: number | null = null;

  constructor(parts: {
    waiting: () => Promise<number>;
    hasRoom: () => boolean;
    restart: () => Promise<void>;
  }) {
    this.#waiting = parts.waiting;
    this.#hasRoom = parts.hasRoom;
    this.#restart = parts.restart;
  }

  start(): void {
    this.#timer = setInterval(() => void this.look(), lookMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** An id was taken. */
  took(): void {
    this.#takenSince = true;
    this.#idleLooks = 0;
    this.#stuckSince = null;
  }

  /** Milliseconds for which ids have waited without one being taken; 0 while all is well. */
  get stuckForMs(): number {
    return this.#stuckSince === null ? 0 : performance.now() - this.#stuckSince;
  }

  /** One look; restarts the consumer when it has stood still for several. */
  async look(): Promise<void> {
    const idle = !this.#takenSince && this.#hasRoom();
    this.#takenSince = false;
    // A queue that does not answer is no stand-still of ours; it is looked at again when it does.
    const waiting = idle ? await this.#waiting().catch(() => 0) : 0;
    if (waiting === 0) {
      this.#idleLooks = 0;
      this.#stuckSince = null;
      return;
    }
    this.#stuckSince ??= performance.now();
    this.#idleLooks += 1;
    if (this.#idleLooks % looksBeforeRestart === 0) await this.#restart();
  }
}
