import type { AddressInfo } from 'node:net';
import { createApp } from './app.ts';
import type { BatchSnapshot } from './batches.ts';
import type { BatchScript, Script, SimulatorConfig } from './control.ts';
import { Simulator } from './simulator.ts';
import type { SimulatorStats } from './stats.ts';

export interface SimulatorOptions extends SimulatorConfig {
  /** 0, the default, takes a free port. */
  port?: number;
  host?: string;
  /** The only key accepted. Absent: any key, but there must be one. Null: none is asked for. */
  apiKey?: string | null;
}

/** A running simulator. `url` is the base URL for the Anthropic SDK; OpenAI's is `url` + `/v1`. */
export interface RunningSimulator {
  url: string;
  port: number;
  stats(): SimulatorStats;
  /** Adds replies to be played in order; then it plans again. */
  script(script: Script): void;
  /** Says what becomes of the next batches and of their items. */
  scriptBatches(script: BatchScript): void;
  /** Ends the batches that are held and returns how many there were. */
  endBatches(): number;
  /** All batches that were made, in order. */
  batches(): BatchSnapshot[];
  configure(change: SimulatorConfig): void;
  /** Lets held requests go on and returns how many there were. */
  release(): number;
  /** Resolves as soon as so many requests are held or hang. */
  untilHeld(count: number): Promise<void>;
  /** Forgets scripts and counters, and returns to the settings of the start. */
  reset(): void;
  /** Closes every connection, those of unanswered requests too. May be called twice. */
  stop(): Promise<void>;
}

/** Starts a simulated model server. What it answers is labelled `[simulated]`. */
export async function startSimulator(options: SimulatorOptions = {}): Promise<RunningSimulator> {
  const { port = 0, host = '127.0.0.1', apiKey, ...config } = options;
  const simulator = new Simulator(config);
  const app = createApp(simulator, apiKey);
  await app.listen({ port, host });
  const address = app.server.address() as AddressInfo;
  const shown = address.family === 'IPv6' ? `[${address.address}]` : address.address;
  let stopped: Promise<void> | undefined;
  return {
    url: `http://${shown}:${address.port}`,
    port: address.port,
    stats: () => simulator.stats.snapshot(simulator.gate.held),
    script: (script) => simulator.script(script),
    scriptBatches: (script) => simulator.batches.script(script),
    endBatches: () => simulator.batches.end(),
    batches: () => simulator.batches.snapshot(),
    configure: (change) => simulator.configure(change),
    release: () => simulator.gate.release(),
    untilHeld: (count) => simulator.gate.untilHeld(count),
    reset: () => simulator.reset(),
    stop: () => {
      stopped ??= Promise.resolve(app.close()).then(() => simulator.gate.stop());
      return stopped;
    },
  };
}
