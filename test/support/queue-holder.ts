import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A process that takes ids from a queue and keeps them until it is killed. */
export interface QueueHolder {
  /** Resolves when all of these ids have been delivered to it. */
  holding(ids: string[]): Promise<void>;
  kill(): Promise<void>;
}

const script = fileURLToPath(new URL('servers/hold-queue.ts', import.meta.url));

/** Starts it on a queue, with these ids put in. `target` is a URL or an embedded database's folder. */
export async function startQueueHolder(
  target: string,
  queueName: string,
  ids: string[],
): Promise<QueueHolder> {
  const child = spawn(process.execPath, [script, target, queueName, ...ids], {
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const held = new Set<string>();
  const lines = createInterface({ input: child.stdout });
  lines.on('line', (line) => held.add(line));
  return {
    async holding(wanted) {
      while (!wanted.every((id) => held.has(id))) {
        const [ended] = await Promise.race([
          once(lines, 'line').then(() => [false]),
          exited.then(() => [true]),
        ]);
        if (ended) throw new Error(`the holder ended with ${child.exitCode}`);
      }
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}
