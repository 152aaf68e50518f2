import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

/** How a program is started, again and again. */
export interface ProcessSpec {
  name: string;
  command: string;
  args: string[];
  env: Record<string, string>;
  /** Its output is appended here, over all its lives. */
  log: string;
  /** Resolves once the program does its work. */
  ready: (process: ManagedProcess) => Promise<void>;
}

const rootFolder = fileURLToPath(new URL('../../..', import.meta.url));

/** How long a process may take to be ready, and to end by itself after SIGTERM. */
const readyMs = 60_000;
const endMs = 40_000;

/** A program that faults may kill, stop and start again. All of its lives are remembered by pid. */
export class ManagedProcess {
  readonly spec: ProcessSpec;
  /** Every pid that this program ever had. */
  readonly pids: number[] = [];
  /** When each of its lives began, in milliseconds since the epoch. */
  readonly startedAt: number[] = [];
  #child: ChildProcess | undefined;

  constructor(spec: ProcessSpec) {
    this.spec = spec;
  }

  get name(): string {
    return this.spec.name;
  }

  get pid(): number | undefined {
    return this.isAlive ? this.#child?.pid : undefined;
  }

  /** Lives so far, from 1. */
  get life(): number {
    return this.pids.length;
  }

  get isAlive(): boolean {
    const child = this.#child;
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Starts it and waits until it is ready; throws with the end of its log when it does not get there. */
  async start(change: { args?: string[]; env?: Record<string, string> } = {}): Promise<void> {
    if (this.isAlive) return;
    const { command, log } = this.spec;
    const args = [...(change.args ?? []), ...this.spec.args];
    const env = { ...this.spec.env, ...change.env };
    appendFileSync(log, `--- life ${this.life + 1}: ${command} ${args.join(' ')}\n`);
    this.startedAt.push(Date.now());
    const output = openSync(log, 'a');
    this.#child = spawn(command, args, {
      cwd: rootFolder,
      env,
      stdio: ['ignore', output, output],
      detached: true,
    });
    closeSync(output);
    this.pids.push(this.#child.pid as number);
    await this.#untilReady();
  }

  async #untilReady(): Promise<void> {
    const giveUp = new AbortController();
    const dead = once(this.#child as ChildProcess, 'exit', { signal: giveUp.signal });
    const late = sleep(readyMs, undefined, { signal: giveUp.signal });
    const failed = Promise.race([dead, late]).then(() => {
      throw new Error(`${this.name} did not become ready:\n${this.log().slice(-2000)}`);
    });
    try {
      await Promise.race([this.spec.ready(this), failed]);
    } finally {
      failed.catch(() => undefined);
      dead.catch(() => undefined);
      late.catch(() => undefined);
      giveUp.abort();
    }
  }

  /** The output of the present life. */
  log(): string {
    const text = readFileSync(this.spec.log, 'utf8');
    return text.slice(text.lastIndexOf('--- life'));
  }

  signal(signal: NodeJS.Signals): void {
    if (this.isAlive) this.#child?.kill(signal);
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Asks it to end, and insists after a while. Returns whether it ended by itself. */
  async terminate(): Promise<boolean> {
    if (!this.isAlive) return true;
    const forced = new AbortController();
    const insist = sleep(endMs, undefined, { signal: forced.signal }).then(
      () => {
        this.signal('SIGKILL');
        return false;
      },
      () => true,
    );
    await this.#end('SIGTERM');
    forced.abort();
    return insist;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined || !this.isAlive) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    // A process that was stopped by SIGSTOP does not see a SIGTERM before it goes on.
    if (signal !== 'SIGKILL') child.kill('SIGCONT');
    await exited;
  }
}
