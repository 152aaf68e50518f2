import type { ManagedProcess } from '../fleet/managed-process.ts';

/** A database or queue server that the suite has started itself. */
export interface BackingServer {
  port: number;
  process: ManagedProcess;
  /** Its URL as seen from this machine, or over a proxy on another port. */
  url(port?: number): string;
}

/** What a process of the suite sees of the environment. */
export function plainEnvironment(temporary: string): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env;
  return { PATH, HOME, NO_COLOR: '1', TMPDIR: temporary };
}
