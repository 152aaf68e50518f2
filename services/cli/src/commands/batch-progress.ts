import type { Batch } from '@mcp-fleet/client';
import { fromUsd, usdText } from '@mcp-fleet/core';
import { color, duration, type Output } from '../output.ts';

const barLength = 24;

/** Milliseconds between two lines of progress where there is no terminal to draw on. */
const lineEveryMs = 10_000;

/** Shows how far a batch has come: on a terminal as one line that moves, elsewhere as a line now and then. */
export interface BatchProgress {
  uploaded: (batch: Batch) => void;
  moved: (batch: Batch) => void;
  stop(): void;
}

export function batchProgress(output: Output): BatchProgress {
  const spinner = output.spin('');
  let shownAt = Number.NEGATIVE_INFINITY;
  const show = (text: string) => {
    spinner.text = text;
    if (output.live || output.json || performance.now() - shownAt < lineEveryMs) return;
    shownAt = performance.now();
    process.stderr.write(`${text}\n`);
  };
  return {
    uploaded: ({ lines, bytes }) => show(`${lines} lines uploaded, ${(bytes / 1_000_000).toFixed(1)} MB`),
    moved: (batch) => show(progressText(batch)),
    stop: () => {
      spinner.stop();
    },
  };
}

/** `━━━━──── 40 %  400/1000  3 failed  64 running  12.5/s  48.0 s left  $0.12`. */
export function progressText({ state, lines, counts, progress, usage, pause_reason }: Batch): string {
  const ended = progress.ended + counts.invalid;
  const share = lines === 0 ? 1 : ended / lines;
  const done = Math.floor(share * barLength);
  const bar = `${'━'.repeat(done)}${'─'.repeat(barLength - done)}`;
  const parts = [
    `${bar} ${Math.floor(share * 100)} %`,
    `${ended}/${lines}`,
    ...(counts.errored > 0 ? [`${counts.errored} failed`] : []),
    `${counts.open} running`,
    ...(progress.lines_per_second === null ? [] : [`${progress.lines_per_second.toFixed(1)}/s`]),
    ...(progress.seconds_left ? [`${duration(progress.seconds_left * 1000)} left`] : []),
    ...(usage.cost_usd ? [usdText(fromUsd(usage.cost_usd))] : []),
    ...(state === 'paused' ? [`paused ${pause_reason ?? ''}`] : []),
  ];
  return parts.join('  ');
}

/** What became of the lines, for people. */
export function endOfBatch({ lines, counts, usage }: Batch): string[] {
  const named = Object.entries(counts).filter(([, count]) => count > 0);
  const parts = named.map(([state, count]) => `${count} ${state === 'errored' ? 'failed' : state}`);
  const cost = usage.cost_usd === null ? 'unknown price' : usdText(fromUsd(usage.cost_usd));
  return [
    `  ${lines} lines: ${parts.join(', ')}`,
    `  ${usage.input_tokens} tokens in, ${usage.output_tokens} out, ${cost}`,
  ];
}

export function stateOfBatch(state: Batch['state']): string {
  if (state === 'ended') return color.green(state);
  return state === 'in_progress' || state === 'uploading' ? color.cyan(state) : color.yellow(state);
}
