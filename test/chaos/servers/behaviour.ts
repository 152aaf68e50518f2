import { appendFileSync, closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** How a tool server misbehaves, by what its mode file says. */
export type Mode = 'well' | 'crash_before' | 'crash_after' | 'hang' | 'garbage' | 'huge';

/** A line of a tool server's ledger: what reached it, and what took effect. */
export interface LedgerEntry {
  at: number;
  server: string;
  tool: string;
  key: string;
  n: number;
  /** True when this call took effect; false when it was the repetition of one that had. */
  effect: boolean;
  pid: number;
}

/** What a call is answered with. */
export type Answer = { kind: 'text'; text: string } | { kind: 'garbage' } | { kind: 'never' };

/** The tools of both servers. What each may do to the world is told to the fleet by its configuration. */
export const toolNames = ['look_up', 'put_value', 'pay_bill', 'charge_card'] as const;
export type ToolName = (typeof toolNames)[number];

/** Tools that recognise a key that they have seen, and do nothing a second time. */
const deduplicating: ToolName[] = ['put_value', 'charge_card'];

/** What a fleet with these tools has to respect. */
export const safeties = {
  look_up: { safety: 'read_only' },
  put_value: { safety: 'idempotent' },
  pay_bill: { safety: 'unsafe' },
  charge_card: { safety: 'unsafe', unknownOutcome: 'retry' },
} as const satisfies Record<ToolName, { safety: string; unknownOutcome?: string }>;

const hugeBytes = 20 * 1024 * 1024;

/** Carries a call out as the server's mode says, and writes it into the ledger. */
export async function behave(
  folder: string,
  server: string,
  call: { tool: string; key: string; n: number },
): Promise<Answer> {
  const mode = readMode(folder, server);
  await sleep(halfWorkMs(call.n));
  if (mode === 'crash_before') process.exit(1);
  const effect = !deduplicating.includes(call.tool as ToolName) || isFirst(folder, call.key);
  const entry: LedgerEntry = { at: Date.now(), server, ...call, effect, pid: process.pid };
  appendFileSync(ledgerFile(folder, server), `${JSON.stringify(entry)}\n`);
  const text = receipt(call.tool, call.n, call.key);
  if (mode === 'well') await sleep(halfWorkMs(call.n));
  switch (mode) {
    case 'crash_after':
      return process.exit(1);
    case 'hang':
      return { kind: 'never' };
    case 'garbage':
      return { kind: 'garbage' };
    case 'huge':
      return { kind: 'text', text: `${text} ${'x'.repeat(hugeBytes)}` };
    default:
      return { kind: 'text', text };
  }
}

/** The text that proves that a result belongs to its call. */
export const receipt = (tool: string, n: number, key: string): string => `${tool} ${n} for ${key}`;

export const ledgerFile = (folder: string, server: string): string => join(folder, `${server}.jsonl`);
export const modeFile = (folder: string, server: string): string => join(folder, `${server}.mode`);

/**
 * Milliseconds of work before the effect, and as many after it: a few calls are long enough to be killed on
 * either side of it.
 */
const halfWorkMs = (n: number): number => (n % 7 === 0 ? 250 : 2 + (n % 30));

function readMode(folder: string, server: string): Mode {
  const file = modeFile(folder, server);
  return existsSync(file) ? (readFileSync(file, 'utf8') as Mode) : 'well';
}

/** A file that only one can create is this server's memory, for all of its processes. */
function isFirst(folder: string, key: string): boolean {
  try {
    closeSync(openSync(join(folder, 'keys', key), 'wx'));
    return true;
  } catch {
    return false;
  }
}
