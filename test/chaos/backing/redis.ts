import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, listening } from '../../support/ports.ts';
import { ManagedProcess } from '../fleet/managed-process.ts';
import { type BackingServer, plainEnvironment } from './backing-server.ts';

/** A Redis that keeps every acknowledged write, so that a restart finds the queue as it was. */
export async function redisServer(folder: string): Promise<BackingServer> {
  const port = await freePort();
  const data = join(folder, 'redis');
  mkdirSync(data);
  const keep = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', ''];
  const process = new ManagedProcess({
    name: 'redis',
    command: 'redis-server',
    args: ['--port', String(port), '--bind', '127.0.0.1', '--dir', data, ...keep],
    env: plainEnvironment(join(folder, 'tmp')),
    log: join(folder, 'logs', 'redis.log'),
    ready: () => listening(port),
  });
  await process.start();
  return { port, process, url: (through = port) => `redis://127.0.0.1:${through}` };
}
