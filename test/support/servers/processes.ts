import { readdirSync, readFileSync } from 'node:fs';

interface ProcessEntry {
  pid: number;
  state: string;
  parent: number;
  group: number;
}

/** Live processes (no zombies) of a process group, from /proc. */
export function groupMembers(group: number): number[] {
  return processes()
    .filter((entry) => entry.group === group)
    .map(({ pid }) => pid);
}

/** Whether a process lives; a zombie does not. */
export function isAlive(pid: number): boolean {
  return processes().some((entry) => entry.pid === pid);
}

/** Live children of this process. */
export function children(): number[] {
  return processes()
    .filter(({ parent }) => parent === process.pid)
    .map(({ pid }) => pid);
}

function processes(): ProcessEntry[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => entry(Number(name)));
}

/** The fields of /proc/PID/stat behind the command, which may itself contain spaces and parentheses. */
function entry(pid: number): ProcessEntry[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state = '', parent, group] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return state === 'Z' || state === 'X'
      ? []
      : [{ pid, state, parent: Number(parent), group: Number(group) }];
  } catch {
    return [];
  }
}
