import { type BatchScript, type BatchSnapshot, startSimulator } from '@mcp-fleet/simulator';
import { until } from './until.ts';

/** A simulator for one test, with the requests that tests make of it. */
export interface TestSimulator {
  url: string;
  /** Plays these replies, in order, for the requests of one job, or of any when none is named. */
  script(replies: unknown[], job?: string): Promise<void>;
  /** Milliseconds before each answer begins. */
  latency(ms: number): Promise<void>;
  /** Requests that all jobs have made. */
  total(): Promise<number>;
  /** Lets the reply that is held go. */
  release(): Promise<void>;
  /** Requests whose replies are held now; one whose caller went away is held no more. */
  held(): Promise<number>;
  /** Requests that a job has made. */
  requests(job: string): Promise<number>;
  /** Resolves when a job has made this many requests. */
  requested(job: string, times: number): Promise<void>;
  /** Milliseconds until a batch of calls has ended; null holds it until `endBatches`. */
  batchMs(ms: number | null): Promise<void>;
  /** Says what becomes of the next batches and of their items. */
  scriptBatches(script: BatchScript): Promise<void>;
  endBatches(): Promise<void>;
  /** All batches that were made, in order. */
  batches(): Promise<BatchSnapshot[]>;
  stop(): Promise<void>;
}

interface Stats {
  held: number;
  by_job: Record<string, { requests: number }>;
}

export async function startTestSimulator(): Promise<TestSimulator> {
  const simulator = await startSimulator({});
  const post = async (path: string, body: unknown = {}) => {
    const response = await fetch(`${simulator.url}/__sim/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (!response.ok) throw new Error(`/__sim/${path}: ${await response.text()}`);
  };
  const stats = async () => (await (await fetch(`${simulator.url}/__sim/stats`)).json()) as Stats;
  const requests = async (job: string) => (await stats()).by_job[job]?.requests ?? 0;
  return {
    url: simulator.url,
    script: (replies, job) => post('script', { ...(job ? { job } : {}), replies }),
    latency: (ms) => post('config', { latencyMs: ms }),
    total: async () =>
      Object.values((await stats()).by_job).reduce((sum, { requests: made }) => sum + made, 0),
    release: () => post('release'),
    held: async () => (await stats()).held,
    requests,
    async requested(job, times) {
      await until(`${times} model requests of ${job}`, async () => (await requests(job)) >= times);
    },
    batchMs: (ms) => post('config', { batchMs: ms }),
    scriptBatches: (script) => post('batches/script', script),
    endBatches: () => post('batches/end'),
    batches: async () => {
      const response = await fetch(`${simulator.url}/__sim/batches`);
      return ((await response.json()) as { batches: BatchSnapshot[] }).batches;
    },
    stop: () => simulator.stop(),
  };
}

/** A scripted reply that asks for `counting__add` with each of these arguments. */
export function asksToAdd(...numbers: number[]): unknown {
  const content = numbers.map((n) => ({
    type: 'tool_use',
    id: `toolu_${n}`,
    name: 'counting__add',
    input: { n },
  }));
  return { content, stop_reason: 'tool_use' };
}

/** A scripted reply that ends the turn. */
export function saysDone(text = 'done'): unknown {
  return { content: [{ type: 'text', text }], stop_reason: 'end_turn' };
}
