import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { freePort } from '../../support/ports.ts';
import { ManagedProcess } from '../fleet/managed-process.ts';
import { type BackingServer, plainEnvironment } from './backing-server.ts';

const installed = '/usr/lib/postgresql';

/** Where the server programs are: of the newest version installed, else wherever PATH has them. */
function programs(): string {
  try {
    const newest = readdirSync(installed).sort((a, b) => Number(b) - Number(a))[0];
    return newest === undefined ? '' : `${installed}/${newest}/bin/`;
  } catch {
    return '';
  }
}

/** A PostgreSQL that flushes as it promises; killing it is a crash of the database server. */
export async function postgresServer(folder: string): Promise<BackingServer> {
  const port = await freePort();
  const data = join(folder, 'postgres');
  const asRoot = process.getuid?.() === 0;
  // The server refuses to run as root, and needs a folder of its own.
  const as = asRoot ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : [];
  mkdirSync(data);
  for (const each of [folder, data]) chmodSync(each, 0o755);
  if (asRoot) execFileSync('chown', ['postgres', data]);
  const initdb = [...as, `${programs()}initdb`, '-D', join(data, 'data'), '-U', 'fleet', '-A', 'trust'];
  execFileSync(initdb[0] as string, initdb.slice(1), { stdio: 'ignore' });
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'max_connections=200'];
  const run = [...as, `${programs()}postgres`, '-D', join(data, 'data'), '-p', String(port)];
  const managed = new ManagedProcess({
    name: 'postgres',
    command: run[0] as string,
    args: [...run.slice(1), ...settings.flatMap((setting) => ['-c', setting])],
    env: plainEnvironment('/tmp'),
    log: join(folder, 'logs', 'postgres.log'),
    ready: () => answering(port),
  });
  await managed.start();
  return {
    port,
    process: managed,
    url: (through = port) => `postgres://fleet@127.0.0.1:${through}/postgres`,
  };
}

/** Listening is not enough: after a crash the server recovers first. */
async function answering(port: number): Promise<void> {
  for (;;) {
    const client = new pg.Client({ host: '127.0.0.1', port, user: 'fleet', database: 'postgres' });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.query('SELECT 1');
      return;
    } catch {
      await sleep(100);
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}
