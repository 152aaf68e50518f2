import type { Job } from '@mcp-fleet/client';
import { fromUsd, usdText } from '@mcp-fleet/core';
import Table from 'cli-table3';
import pc from 'picocolors';
import spinner, { type Spinner } from 'yocto-spinner';

/** How a command talks: for people on a terminal, or as JSON for programs. */
export interface Output {
  json: boolean;
  /** True when stderr is a terminal, so that spinners and bars may move. */
  live: boolean;
  /** Characters that a line may have; 120 where stdout is no terminal. */
  columns: number;
  /** A line for people; silent with --json. */
  line(text?: string): void;
  /** A line on stderr for people; silent with --json. */
  warn(text: string): void;
  /** The command's result: printed as one JSON line with --json, by `human` otherwise. */
  result(value: unknown, human: () => void): void;
  table(head: string[], rows: string[][]): void;
  spin(text: string): Spinner;
}

export const color = pc;

export function createOutput(json: boolean): Output {
  const live = !json && process.stderr.isTTY === true;
  const line = (text = '') => {
    if (!json) process.stdout.write(`${text}\n`);
  };
  return {
    json,
    live,
    columns: process.stdout.columns ?? 120,
    line,
    warn(text) {
      if (!json) process.stderr.write(`${pc.yellow('!')} ${text}\n`);
    },
    result(value, human) {
      if (json) process.stdout.write(`${JSON.stringify(value)}\n`);
      else human();
    },
    table(head, rows) {
      const table = new Table({
        head: head.map((title) => pc.bold(title)),
        style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
        chars: {
          mid: '',
          'left-mid': '',
          'mid-mid': '',
          'right-mid': '',
          top: '',
          'top-mid': '',
          'top-left': '',
          'top-right': '',
          bottom: '',
          'bottom-mid': '',
          'bottom-left': '',
          'bottom-right': '',
          left: '',
          right: '',
          middle: '  ',
        },
      });
      table.push(...rows);
      line(table.toString());
    },
    spin: (text) => {
      const made = spinner({ text, stream: process.stderr });
      return live ? made.start() : made;
    },
  };
}

/** A job's state in its colour. */
export function stateLabel(state: string): string {
  if (state === 'succeeded') return pc.green(state);
  if (state === 'failed' || state === 'expired') return pc.red(state);
  if (state === 'waiting' || state === 'canceled') return pc.yellow(state);
  return pc.cyan(state);
}

/** What an ended job cost: `$0.0012`, marked where nobody pays it; empty before the end. */
export function costOfJob({ usage, model }: Pick<Job, 'usage' | 'model'>): string {
  if (usage === null) return '';
  if (usage.cost_usd === null) return 'unknown price';
  return `${usdText(fromUsd(usage.cost_usd))}${model.startsWith('simulated') ? ' (simulated)' : ''}`;
}

/** `waiting until 2027-01-31T00:00:00Z: approval`, and without a time what only a person ends. */
export function waiting({ until, reason }: { until: string | null; reason: string | null }): string {
  return `waiting${until === null ? '' : ` until ${until}`}${reason === null ? '' : `: ${reason}`}`;
}

/** What a job that waits for its budget has used and would use, and what it may; empty for any other. */
export function shortfallOf({ id, budget }: Pick<Job, 'id' | 'budget'>): string[] {
  if (!budget?.shortfall) return [];
  const { max_cost_usd, max_tokens, shortfall } = budget;
  const use = ({ cost_usd, tokens }: { cost_usd: number | null; tokens: number }) =>
    `${tokens} tokens${cost_usd === null ? '' : `, ${usdText(fromUsd(cost_usd))}`}`;
  const limits = [
    ...(max_tokens === null ? [] : [`${max_tokens} tokens`]),
    ...(max_cost_usd === null ? [] : [usdText(fromUsd(max_cost_usd))]),
  ];
  return [
    `spent ${use(shortfall.spent)}; the next call may use ${use(shortfall.next_call)}; the limit is ${limits.join(', ')}`,
    `fleet jobs budget ${id} --max-cost-usd … or --max-tokens …`,
  ];
}

/** `0.42 s`, `3 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 60_000) return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/** The first characters of a text on one line. */
export function shorten(text: string, length: number): string {
  const flat = text.replace(/\s+/g, ' ').trim();
  return flat.length > length ? `${flat.slice(0, length - 1)}…` : flat;
}
