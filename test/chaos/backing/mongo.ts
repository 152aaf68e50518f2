import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { freePort, listening } from '../../support/ports.ts';
import { ManagedProcess } from '../fleet/managed-process.ts';
import { type BackingServer, plainEnvironment } from './backing-server.ts';

/** A server of MongoDB's wire protocol (secantusdb), from the virtual environment in TEST_PYTHON_VENV. */
export async function mongoServer(folder: string): Promise<BackingServer> {
  const environment = process.env.TEST_PYTHON_VENV;
  if (!environment) {
    throw new Error('TEST_PYTHON_VENV is not set: a virtual environment with secantusdb==0.7.0b3 is needed.');
  }
  const port = await freePort();
  const data = join(folder, 'mongo');
  mkdirSync(data);
  const managed = new ManagedProcess({
    name: 'mongo',
    command: join(environment, 'bin', 'secantusd-py'),
    // Without it the server says that a write is in its journal before it is, and a kill loses it.
    args: ['--port', String(port), '--storage-path', data, '--sync-on-commit'],
    env: plainEnvironment(join(folder, 'tmp')),
    log: join(folder, 'logs', 'mongo.log'),
    ready: () => answering(port),
  });
  await managed.start();
  return {
    port,
    process: managed,
    url: (through = port) => `mongodb://127.0.0.1:${through}/fleet?directConnection=true`,
  };
}

async function answering(port: number): Promise<void> {
  await listening(port);
  const client = new MongoClient(`mongodb://127.0.0.1:${port}/?directConnection=true`);
  try {
    await client.db('admin').command({ ping: 1 });
  } finally {
    await client.close();
  }
}
