import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { freePort, listening } from './ports.ts';

/** A Redis server of one test's own, for what would disturb all others. Writes to disk only when told to. */
export interface PrivateRedis {
  url: string;
  /** Runs one command. */
  run(command: string, ...args: string[]): Promise<unknown>;
  /** Ends the server without a word. What was not saved is lost. */
  kill(): Promise<void>;
  /** Starts it again, with what was saved last. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

export async function startPrivateRedis(folder: string): Promise<PrivateRedis> {
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  let server: ChildProcess | undefined;

  async function start(): Promise<void> {
    const place = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder];
    server = spawn('redis-server', [...place, '--save', ''], { stdio: 'ignore' });
    await listening(port);
  }

  async function kill(): Promise<void> {
    if (!server || server.exitCode !== null || server.signalCode !== null) return;
    const exited = once(server, 'exit');
    server.kill('SIGKILL');
    await exited;
  }

  await start();
  return {
    url,
    async run(command, ...args) {
      const redis = new Redis(url);
      try {
        return await redis.call(command, ...args);
      } finally {
        redis.disconnect();
      }
    },
    kill,
    start,
    async stop() {
      await kill();
      await rm(join(folder, 'dump.rdb'), { force: true });
    },
  };
}
