import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { Signals, WorkerStatus } from '@mcp-fleet/queue';

/** How often a worker says how it does. Whoever listens forgets one after a few times of silence. */
const everyMs = 5_000;

/** Servers in one message: PostgreSQL takes 8,000 bytes. */
const mostServers = 40;

type Reading = Omit<WorkerStatus, 'id' | 'host' | 'startedAt'>;

/** Tells all processes of the fleet that this worker is there, and how it and its tool servers do. */
export class Presence {
  readonly #signals: Pick<Signals, 'publish'>;
  readonly #read: () => Reading;
  readonly #self = { id: randomUUID(), host: hostname().slice(0, 100), startedAt: new Date().toISOString() };
  #timer: NodeJS.Timeout | undefined;

  constructor(signals: Pick<Signals, 'publish'>, read: () => Reading) {
    this.#signals = signals;
    this.#read = read;
  }

  start(): void {
    this.announce();
    this.#timer = setInterval(() => this.announce(), everyMs);
    this.#timer.unref();
  }

  announce(): void {
    void this.#publish(false);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#publish(true);
  }

  #publish(gone: boolean): Promise<void> {
    const { servers, ...rest } = this.#read();
    const shown = servers
      .slice(0, mostServers)
      .map(({ name, transport, state, tools, inFlight, restarts }) => ({
        name,
        transport,
        state,
        tools,
        inFlight,
        restarts,
      }));
    return this.#signals.publish({
      kind: 'worker',
      worker: { ...this.#self, ...rest, servers: shown },
      gone,
    });
  }
}
