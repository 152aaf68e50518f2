import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fleet } from './fleet/setup.ts';
import { allProcesses } from './fleet/stop-fleet.ts';

/** What the fleet's processes left behind, looked for after they were told to end; servers still run. */
export function fleetLeftovers(fleet: Fleet): string[] {
  const servers = new Set(
    [fleet.queueServer, fleet.storeServer].flatMap((server) => server.process.pids.at(-1) ?? []),
  );
  const connections = [...new Set([fleet.queueServer.port, fleet.storeServer.port])].flatMap((port) => {
    const open = connectionsTo(port);
    return open === 0 ? [] : [`${open} connections to port ${port} are open`];
  });
  const files = readdirSync(join(fleet.folder, 'tmp')).map((name) => `temporary file ${name} is left`);
  return [...processesOf(fleet, servers), ...connections, ...files];
}

/** Processes that name the run's folder in their command line or environment, or whose pid the suite started. */
export function processesOf(fleet: Partial<Fleet>, except: ReadonlySet<number>): string[] {
  const started = new Set(allProcesses(fleet).flatMap((each) => each.pids));
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && !except.has(pid) && !isChildOf(pid, except))
    .filter((pid) => !isZombie(pid))
    .filter((pid) => started.has(pid) || mentions(pid, fleet.folder ?? '?'))
    .map((pid) => `process ${pid} is left: ${read(pid, 'cmdline').replaceAll('\0', ' ').slice(0, 160)}`);
}

/** Connections to a port that are established now, as Linux lists them. */
function connectionsTo(port: number): number {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const established = '01';
  return readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , remote, state]) => remote?.endsWith(`:${hex}`) && state === established).length;
}

function mentions(pid: number, folder: string): boolean {
  return `${read(pid, 'cmdline')}\0${read(pid, 'environ')}`.includes(folder);
}

/** PostgreSQL's server has children of its own. */
function isChildOf(pid: number, parents: ReadonlySet<number>): boolean {
  return parents.has(Number(statusOf(pid)[1]));
}

function isZombie(pid: number): boolean {
  return statusOf(pid)[0] === 'Z';
}

/** State, parent and so on: what follows the name in /proc/<pid>/stat. */
function statusOf(pid: number): string[] {
  const stat = read(pid, 'stat');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function read(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return '';
  }
}
