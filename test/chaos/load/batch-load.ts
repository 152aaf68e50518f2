import { setTimeout as sleep } from 'node:timers/promises';
import { type Batch, type BatchLine, type BatchResult, FleetClient } from '@mcp-fleet/client';
import type { Random } from '../random.ts';
import { queryWriter } from './queries.ts';

/** A batch that was submitted, and what it came to. */
export interface BatchRun {
  lines: readonly BatchLine[];
  batch: Batch;
  /** As the fleet gave them out when the batch had ended, or the time was over. */
  results: BatchResult[];
}

/** One line in so many belongs to a session, and so many sessions there are. */
const inSession = 10;
const sessions = 20;

const requestMs = 30_000;

/** Submits one batch while faults happen, and follows it. */
export class BatchLoad {
  readonly #client: FleetClient;
  readonly #random: Random;
  readonly #count: number;
  #lines: BatchLine[] = [];
  #id: string | null = null;

  constructor(url: string, count: number, random: Random) {
    this.#client = new FleetClient({
      url,
      fetch: (input, init) => fetch(input, { ...init, signal: AbortSignal.timeout(requestMs) }),
    });
    this.#count = count;
    this.#random = random;
  }

  /** Resolves once the lines are accepted. An upload that is given up is begun again, as another batch. */
  async submit(signal: AbortSignal): Promise<void> {
    const known: string[] = [];
    while (known.length < sessions) {
      const created = await this.#client.sessions.create().catch(() => sleep(300, null));
      if (created !== null) known.push(created.id);
    }
    const write = queryWriter(this.#random, { rounds: 1, calls: 2, from: 1_000_000 });
    this.#lines = Array.from({ length: this.#count }, (_, index) => ({
      custom_id: `mark-${index + 1}`,
      query: write(),
      ...(index % inSession === 0 ? { session_id: this.#random.pick(known) } : {}),
    }));
    while (this.#id === null) {
      const created = await this.#client.batches.create({ lines: this.#lines }).catch(() => null);
      if (created !== null) this.#id = created.id;
      else await sleep(signal.aborted ? 300 : 1_000);
    }
  }

  /** How many lines have ended; null while it cannot be told. */
  async look(): Promise<Batch | null> {
    return this.#id === null ? null : this.#client.batches.get(this.#id).catch(() => null);
  }

  async gather(): Promise<BatchRun> {
    if (this.#id === null) throw new Error('no batch was accepted');
    const batch = await this.#client.batches.get(this.#id);
    const results: BatchResult[] = [];
    for await (const result of this.#client.batches.results(this.#id)) results.push(result);
    return { lines: this.#lines, batch, results };
  }
}
