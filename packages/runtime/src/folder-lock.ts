import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { FleetError } from '@mcp-fleet/core';
import { z } from 'zod';

const ownerFile = z.object({
  pid: z.int(),
  /** Start time of the process in clock ticks since boot, so that a reused pid is told apart; Linux only. */
  started: z.string().optional(),
  /** Where the owner serves its HTTP API, once it does. */
  url: z.string().optional(),
});

/** The process that owns a data folder. */
export type FolderOwner = z.infer<typeof ownerFile>;

/** A held data folder. PGlite would open one folder in two processes without complaint, and spoil it. */
export interface FolderLock {
  /** Tells other commands where the owner's HTTP API is. */
  publish(url: string): void;
  release(): void;
}

const fileName = 'owner.json';

/**
 * Takes a data folder for this process, creating it if need be. A lock that a dead process left behind is
 * taken over. Throws `folder_in_use` with the owner's pid.
 */
export function lockFolder(folder: string): FolderLock {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, fileName);
  const self: FolderOwner = { pid: process.pid, ...startOf(process.pid) };
  for (let tries = 0; ; tries += 1) {
    try {
      const file = openSync(path, 'wx');
      writeSync(file, JSON.stringify(self));
      closeSync(file);
      break;
    } catch (thrown) {
      if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown;
      const owner = folderOwner(folder);
      if (owner || tries > 2) throw inUse(folder, owner);
      rmSync(path, { force: true });
    }
  }
  const write = (owner: FolderOwner) => {
    writeFileSync(`${path}.new`, JSON.stringify(owner));
    renameSync(`${path}.new`, path);
  };
  return {
    publish: (url) => write({ ...self, url }),
    release: () => rmSync(path, { force: true }),
  };
}

/** The living owner of a data folder, or null when it is free. */
export function folderOwner(folder: string): FolderOwner | null {
  let owner: FolderOwner;
  try {
    owner = ownerFile.parse(JSON.parse(readFileSync(join(folder, fileName), 'utf8')));
  } catch {
    return null;
  }
  return isAlive(owner) ? owner : null;
}

function isAlive(owner: FolderOwner): boolean {
  try {
    process.kill(owner.pid, 0);
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
  const { started } = startOf(owner.pid);
  return owner.started === undefined || started === undefined || owner.started === started;
}

function startOf(pid: number): { started?: string } {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const afterName = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (afterName[0] === 'Z') return { started: 'ended' };
    const started = afterName[19];
    return started === undefined ? {} : { started };
  } catch {
    return {};
  }
}

function inUse(folder: string, owner: FolderOwner | null): FleetError {
  const who = owner ? `process ${owner.pid}${owner.url ? ` (${owner.url})` : ''}` : 'another process';
  return new FleetError(
    'folder_in_use',
    `The data folder ${folder} is in use by ${who}. Stop it, or choose another folder with --data.`,
  );
}
