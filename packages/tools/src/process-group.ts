import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';

const pollMs = 20;

/** Signals every process of a group; false when none is left. */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(-leader, signal);
  } catch {
    return false;
  }
}

/**
 * Ends what is left of a group whose leader has exited: SIGTERM, and after the grace SIGKILL. There is no event
 * for the exit of a process that is nobody's child here, so it is asked for every 20 ms.
 */
export async function endGroup(leader: number, graceMs: number): Promise<void> {
  signalGroup(leader, 'SIGTERM');
  for (let waited = 0; waited < graceMs && signalGroup(leader, 0); waited += pollMs) await wait(pollMs);
  signalGroup(leader, 'SIGKILL');
}

const guardScript =
  'read -r _; sleep 2; kill -s TERM -- "-$1" 2>/dev/null; sleep 2; kill -s KILL -- "-$1" 2>/dev/null';

/** Watches over one process group; `release` ends the watch and resolves when the guard is gone. */
export interface OrphanGuard {
  release(): Promise<void>;
}

/**
 * Ends a process group should this process die without being able to, such as by SIGKILL: a shell outside
 * both groups waits for the end of a pipe that only this process holds open, then gives the group 2 s to end
 * by itself, SIGTERM, and 2 s later SIGKILL. Where there is no `/bin/sh`, nothing is guarded.
 */
export function guardGroup(leader: number): OrphanGuard {
  const guard = spawn('/bin/sh', ['-c', guardScript, 'orphan-guard', String(leader)], {
    detached: true,
    env: { PATH: '/usr/local/bin:/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const gone = exitOf(guard);
  guard.stdin?.on('error', () => undefined);
  guard.unref();
  return {
    release: () => {
      guard.ref();
      guard.kill('SIGKILL');
      return gone;
    },
  };
}

function exitOf(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
}
