import { join } from 'node:path';
import type { LoggedRequest } from '@mcp-fleet/simulator';
import { freePort, listening } from '../../support/ports.ts';
import { plainEnvironment } from '../backing/backing-server.ts';
import { ManagedProcess } from './managed-process.ts';

/** The simulated model server in a process of its own, and what the suite asks of it. */
export interface Simulator {
  process: ManagedProcess;
  url: string;
  /** Plays these for the next requests, whoever makes them. */
  script(replies: object[]): Promise<void>;
  /** Drops what was not played yet; returns how many replies that were. */
  clearScripts(): Promise<number>;
  /** Milliseconds before each reply begins; null for the usual ones. */
  slow(ms: number | null): Promise<void>;
  requests(): Promise<LoggedRequest[]>;
}

const usualMs = 40;
const jitterMs = 80;

/** Starts it. Each reply takes 40 to 120 ms, so that faults find requests on their way. */
export async function startSimulator(folder: string): Promise<Simulator> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const managed = new ManagedProcess({
    name: 'simulator',
    command: process.execPath,
    args: ['services/simulator/src/main.ts', '--port', String(port), '--latency', String(usualMs)],
    env: plainEnvironment(join(folder, 'tmp')),
    log: join(folder, 'logs', 'simulator.log'),
    ready: () => listening(port),
  });
  await managed.start();
  const send = async (method: string, path: string, body?: object): Promise<unknown> => {
    const response = await fetch(`${url}/__sim/${path}`, {
      method,
      ...(body ? { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } } : {}),
    });
    if (!response.ok) throw new Error(`/__sim/${path}: ${await response.text()}`);
    return response.json();
  };
  await send('POST', 'config', { latencyJitterMs: jitterMs, requestLog: true });
  return {
    process: managed,
    url,
    script: async (replies) => void (await send('POST', 'script', { replies })),
    clearScripts: async () => ((await send('DELETE', 'script')) as { dropped: number }).dropped,
    slow: async (ms) => void (await send('POST', 'config', { latencyMs: ms ?? usualMs })),
    requests: async () => ((await send('GET', 'requests')) as { requests: LoggedRequest[] }).requests,
  };
}
