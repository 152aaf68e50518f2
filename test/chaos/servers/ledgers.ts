import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type LedgerEntry, ledgerFile, type Mode, modeFile } from './behaviour.ts';

/** The tool servers by the name that the fleet knows them by. */
export const toolServers = ['bank', 'desk'] as const;
export type ToolServerName = (typeof toolServers)[number];

/** The tool servers' own books, which the fleet cannot reach, and their orders to misbehave. */
export interface Ledgers {
  folder: string;
  entries(): LedgerEntry[];
  setMode(server: ToolServerName, mode: Mode): void;
}

export function openLedgers(parent: string): Ledgers {
  const folder = join(parent, 'ledgers');
  mkdirSync(join(folder, 'keys'), { recursive: true });
  return {
    folder,
    entries: () => toolServers.flatMap((server) => read(ledgerFile(folder, server))),
    setMode(server, mode) {
      if (mode === 'well') rmSync(modeFile(folder, server), { force: true });
      else writeFileSync(modeFile(folder, server), mode);
    },
  };
}

function read(file: string): LedgerEntry[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as LedgerEntry);
}
