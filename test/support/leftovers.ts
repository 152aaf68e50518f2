import { readdirSync, readFileSync } from 'node:fs';

/**
 * Pids of live processes whose environment carries a mark. A child inherits its parent's environment unless
 * the fleet strips it, so the command line is looked at too.
 */
export function processesMentioning(text: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(Number)
    .filter((pid) => readCommand(pid).includes(text));
}

function readCommand(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return '';
  }
}
