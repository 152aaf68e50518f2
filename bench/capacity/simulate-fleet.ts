/** A fleet as a closed queueing network: places that jobs hold, a model that takes its time, processors that are shared. */
export interface FleetModel {
  /** Jobs that may be in flight: workers × places. */
  places: number;
  /** Model calls of a job. */
  calls: number;
  /** Milliseconds of a model call, during which nobody computes. */
  modelMs: number;
  /** Processors of all parts together. */
  cores: number;
  /** Milliseconds of processor time of a job, in all parts together. */
  cpuMs: number;
}

export interface Prediction {
  jobsPerSecond: number;
  /** Part of the processors' time that is used. */
  load: number;
}

interface Event {
  at: number;
  /** Calls of the job that are still to come. */
  callsLeft: number;
  kind: 'computed' | 'answered';
}

/**
 * Runs `jobs` jobs through the network, event by event: a job computes before its first call and after each, in equal parts,
 * first come first served, and holds its place until it has ended.
 */
export function simulateFleet(model: FleetModel, jobs: number): Prediction {
  const { places, calls, modelMs, cores, cpuMs } = model;
  const sliceMs = cpuMs / (calls + 1);
  const events = new EventQueue();
  const waiting: number[] = [];
  let [now, busy, begun, ended, usedMs] = [0, 0, 0, 0, 0];
  const compute = (callsLeft: number) => {
    if (busy === cores) {
      waiting.push(callsLeft);
      return;
    }
    busy += 1;
    usedMs += sliceMs;
    events.add({ at: now + sliceMs, callsLeft, kind: 'computed' });
  };
  const begin = () => {
    if (begun === jobs) return;
    begun += 1;
    compute(calls);
  };
  for (let n = 0; n < places; n += 1) begin();
  for (let event = events.next(); event !== undefined; event = events.next()) {
    now = event.at;
    if (event.kind === 'answered') {
      compute(event.callsLeft - 1);
      continue;
    }
    busy -= 1;
    if (event.callsLeft > 0) events.add({ at: now + modelMs, callsLeft: event.callsLeft, kind: 'answered' });
    else {
      ended += 1;
      begin();
    }
    const next = waiting.shift();
    if (next !== undefined) compute(next);
  }
  return { jobsPerSecond: (ended / now) * 1_000, load: usedMs / (now * cores) };
}

/** Events by their time; of one time, in the order in which they were added. */
class EventQueue {
  readonly #heap: (Event & { n: number })[] = [];
  #added = 0;

  add(event: Event): void {
    const heap = this.#heap;
    heap.push({ ...event, n: this.#added++ });
    for (let at = heap.length - 1; at > 0; ) {
      const parent = (at - 1) >> 1;
      if (!this.#isBefore(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  next(): Event | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (first === undefined || last === undefined || heap.length === 0) return first;
    heap[0] = last;
    for (let at = 0; ; ) {
      let least = at;
      for (const child of [2 * at + 1, 2 * at + 2]) {
        if (child < heap.length && this.#isBefore(child, least)) least = child;
      }
      if (least === at) return first;
      this.#swap(at, least);
      at = least;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [one, other] = [this.#heap[a], this.#heap[b]] as [Event & { n: number }, Event & { n: number }];
    return one.at < other.at || (one.at === other.at && one.n < other.n);
  }

  #swap(a: number, b: number): void {
    const heap = this.#heap;
    const kept = heap[a] as Event & { n: number };
    heap[a] = heap[b] as Event & { n: number };
    heap[b] = kept;
  }
}
