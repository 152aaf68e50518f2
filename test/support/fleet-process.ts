import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A process of the fleet, started for a test. */
export interface FleetProcess {
  pid: number;
  /** Where its HTTP port is. */
  url: string;
  /** Its log so far. */
  log(): string;
  kill(signal: NodeJS.Signals): Promise<number | null>;
}

const rootFolder = fileURLToPath(new URL('../..', import.meta.url));

/** Only what a process of the fleet needs, so that the developer's own settings do not leak into tests. */
const baseEnvironment = { PATH: process.env.PATH, HOME: process.env.HOME, NO_COLOR: '1' };

/** Starts `fleet <args>` and resolves when its log says where it is ready. */
export async function startFleetProcess(args: string[], env: Record<string, string>): Promise<FleetProcess> {
  const child = spawn(process.execPath, ['services/cli/src/main.ts', ...args], {
    cwd: rootFolder,
    env: { ...baseEnvironment, LOG_LEVEL: 'info', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  const keep = (line: string) => {
    log += `${line}\n`;
  };
  createInterface({ input: child.stderr }).on('line', keep);
  const url = await new Promise<string>((resolve, reject) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      keep(line);
      const ready = /(?:"url"|ready).*?(http:\/\/127\.0\.0\.1:\d+)/.exec(line);
      if (ready) resolve(ready[1] as string);
    });
    child.once('exit', (code) => reject(new Error(`fleet ${args.join(' ')} ended with ${code}:\n${log}`)));
  });
  return { pid: child.pid as number, url, log: () => log, kill: (signal) => end(child, signal, () => log) };
}

/** Longer than any part gets to stop, and shorter than a test gets. */
const endsWithinMs = 55_000;

async function end(child: ChildProcess, signal: NodeJS.Signals, log: () => string): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill(signal);
  const late = setTimeout(() => child.kill('SIGKILL'), endsWithinMs);
  await exited;
  clearTimeout(late);
  if (signal !== 'SIGKILL' && child.signalCode === 'SIGKILL') {
    throw new Error(
      `pid ${child.pid} did not end within ${endsWithinMs / 1_000} s of ${signal}:\n${log().slice(-2_000)}`,
    );
  }
  return child.exitCode;
}
