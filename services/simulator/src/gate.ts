interface Waiter {
  release: (passed: boolean) => void;
  releasable: boolean;
}

/** Where requests wait for a test's word. Every wait ends: by release, by the client's leaving, or by stop. */
export class Gate {
  private readonly waiters = new Set<Waiter>();
  private readonly watchers = new Set<() => void>();

  get held(): number {
    return this.waiters.size;
  }

  /** Resolves true when released, false when the request's client has left. */
  wait(left: AbortSignal, releasable: boolean): Promise<boolean> {
    if (left.aborted) return Promise.resolve(false);
    return new Promise((resolve) => {
      const leave = () => waiter.release(false);
      const waiter: Waiter = {
        releasable,
        release: (passed) => {
          left.removeEventListener('abort', leave);
          this.waiters.delete(waiter);
          resolve(passed);
        },
      };
      this.waiters.add(waiter);
      left.addEventListener('abort', leave, { once: true });
      for (const watcher of this.watchers) watcher();
    });
  }

  /** Lets all held requests go on; those that hang stay. Returns how many. */
  release(): number {
    const held = [...this.waiters].filter((waiter) => waiter.releasable);
    for (const waiter of held) waiter.release(true);
    return held.length;
  }

  /** Resolves as soon as so many requests wait here. */
  untilHeld(count: number): Promise<void> {
    return new Promise((resolve) => {
      const watch = () => {
        if (this.held < count) return;
        this.watchers.delete(watch);
        resolve();
      };
      this.watchers.add(watch);
      watch();
    });
  }

  stop(): void {
    for (const waiter of [...this.waiters]) waiter.release(false);
    this.watchers.clear();
  }
}
