import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { type JSONRPCMessage, JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js';
import { childEnvironment } from './child-environment.ts';
import type { Environment } from './expand-variables.ts';
import { LineReader } from './line-reader.ts';
import { endGroup, guardGroup, type OrphanGuard, signalGroup } from './process-group.ts';

/** Bytes of one message that a server may send. */
export const longestMessage = 64 * 1024 * 1024;

const graceMs = 2000;
const drainMs = 500;
const tailLines = 20;
const tailChars = 2000;

/** A message that certainly was not delivered whole to the server. */
export class NotSent extends Error {}

export interface StdioOptions {
  command: string;
  args: readonly string[];
  /** What the server's own entry names; it outranks the few variables that every server gets. */
  env: Readonly<Record<string, string>>;
  cwd: string | undefined;
  /** Where HOME, LOGNAME, PATH, SHELL, TERM, USER and LANG come from. */
  baseEnv: Environment;
  /** Told each line of stderr. */
  onLog: (line: string) => void;
  /** Told each line of stdout that is no MCP message. */
  onJunk: (line: string) => void;
}

/** How a process ended: one of the two is set. */
export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/**
 * A server as a child process in a process group of its own, speaking MCP over stdin and stdout. Whatever way
 * the process ends, nothing of its group stays behind; `close` resolves when that is so.
 */
export class StdioProcess implements Transport {
  onclose?: (() => void) | undefined;
  onerror?: ((error: Error) => void) | undefined;
  onmessage?: ((message: JSONRPCMessage) => void) | undefined;

  /** A process is its own session. */
  readonly sessionId = undefined;
  /** Set once the process has exited. */
  exit: Exit | undefined;
  /** Lines on stdout that were no messages, and the first of them. */
  junkLines = 0;
  firstJunk: string | undefined;
  /** Why this side ended the process, if it did for a fault of the server. */
  fault: string | undefined;

  private readonly options: StdioOptions;
  private readonly stderr: string[] = [];
  private child: ChildProcessWithoutNullStreams | undefined;
  private markExited: () => void = () => undefined;
  private readonly exited = new Promise<void>((resolve) => {
    this.markExited = resolve;
  });
  private markGone: () => void = () => undefined;
  private readonly gone = new Promise<void>((resolve) => {
    this.markGone = resolve;
  });
  private closing: Promise<void> | undefined;
  private killed = false;

  constructor(options: StdioOptions) {
    this.options = options;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** The last lines of stderr, at most 2000 characters. */
  get stderrTail(): string {
    return this.stderr.join('\n').slice(-tailChars).trim();
  }

  /** @throws the error of `spawn`, such as ENOENT */
  start(): Promise<void> {
    const child = spawn(this.options.command, this.options.args, {
      cwd: this.options.cwd,
      env: childEnvironment(this.options.baseEnv, this.options.env),
      detached: true,
      windowsHide: true,
    });
    this.child = child;
    this.listen(child);
    return new Promise((resolve, reject) => {
      child.on('error', (error) => {
        if (child.pid !== undefined) return this.onerror?.(error);
        this.markExited();
        this.markGone();
        reject(error);
      });
      child.once('spawn', () => {
        this.watchExit(child, child.pid === undefined ? undefined : guardGroup(child.pid));
        resolve();
      });
    });
  }

  /** Resolves when the operating system has the whole message. @throws NotSent when it certainly has not */
  send(message: JSONRPCMessage): Promise<void> {
    const stdin = this.child?.stdin;
    if (stdin === undefined || !stdin.writable) {
      return Promise.reject(new NotSent('the server does not run'));
    }
    return new Promise((resolve, reject) => {
      stdin.write(`${JSON.stringify(message)}\n`, (error) => {
        if (error) reject(new NotSent(error.message));
        else resolve();
      });
    });
  }

  /** Ends the process in MCP's order: stdin closes, 2 s later SIGTERM, 2 s later SIGKILL, to the whole group. */
  close(): Promise<void> {
    this.closing ??= this.shutDown();
    return this.closing;
  }

  /** Resolves when the process has exited, or a moment later when it has not. */
  async exitSoon(): Promise<void> {
    await this.exitsWithin(drainMs);
  }

  private async shutDown(): Promise<void> {
    if (this.child === undefined) return;
    const leader = this.child.pid;
    if (leader !== undefined && this.exit === undefined) {
      this.child.stdin.end();
      if (!(await this.exitsWithin(graceMs))) signalGroup(leader, 'SIGTERM');
      if (!(await this.exitsWithin(graceMs))) this.killed = signalGroup(leader, 'SIGKILL');
    }
    await this.exited;
    await this.gone;
  }

  private async exitsWithin(ms: number): Promise<boolean> {
    const timer = new AbortController();
    const late = wait(ms, false, { signal: timer.signal }).catch(() => false);
    const exited = await Promise.race([this.exited.then(() => true), late]);
    timer.abort();
    return exited;
  }

  private listen(child: ChildProcessWithoutNullStreams): void {
    const tooLong = () => this.failFor(`it sent a message of more than ${longestMessage} bytes`);
    const messages = new LineReader(longestMessage, (line) => this.read(line), tooLong);
    const log = new LineReader(
      64 * 1024,
      (line) => this.log(line),
      () => undefined,
    );
    child.stdout.on('data', (chunk: Buffer) => messages.push(chunk));
    child.stdout.once('end', () => messages.end());
    child.stderr.on('data', (chunk: Buffer) => log.push(chunk));
    child.stderr.once('end', () => log.end());
    for (const stream of [child.stdin, child.stdout, child.stderr]) {
      stream.on('error', (error) => this.onerror?.(error));
    }
  }

  private read(line: string): void {
    const message = parseMessage(line);
    if (message !== undefined) this.onmessage?.(message);
    else if (line.trim() !== '') this.noteJunk(line);
  }

  private noteJunk(line: string): void {
    this.junkLines += 1;
    this.firstJunk ??= line.slice(0, 200);
    this.options.onJunk(line.slice(0, 200));
  }

  private log(line: string): void {
    this.stderr.push(line.slice(0, tailChars));
    if (this.stderr.length > tailLines) this.stderr.shift();
    this.options.onLog(line);
  }

  private failFor(fault: string): void {
    this.fault ??= fault;
    this.onerror?.(new Error(fault));
    void this.close();
  }

  /** A process that left the group may hold the pipes open, so they are waited for only briefly. */
  private watchExit(child: ChildProcessWithoutNullStreams, guard: OrphanGuard | undefined): void {
    const drained = new Promise<void>((resolve) => child.once('close', () => resolve()));
    child.once('exit', (code, signal) => {
      this.exit = { code, signal };
      this.markExited();
      void this.afterExit(child, drained, guard);
    });
  }

  private async afterExit(
    child: ChildProcessWithoutNullStreams,
    drained: Promise<void>,
    guard: OrphanGuard | undefined,
  ): Promise<void> {
    const cleaned = child.pid === undefined ? undefined : endGroup(child.pid, this.killed ? 0 : graceMs);
    const timer = new AbortController();
    await Promise.race([drained, wait(drainMs, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
    for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    this.onclose?.();
    await cleaned;
    await guard?.release();
    this.markGone();
  }
}

function parseMessage(line: string): JSONRPCMessage | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSONRPCMessageSchema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}
