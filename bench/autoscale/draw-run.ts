import type { Sample } from './autoscaler.ts';
import { drawChart } from './draw-chart.ts';
import type { Phase } from './run-load.ts';

/** The backlog and the rate of a run over its workers, as an SVG. */
export function drawRun(run: {
  title: string;
  samples: readonly Sample[];
  phases: readonly Phase[];
  endedPerSecond: readonly number[];
}): string {
  const { samples, phases, endedPerSecond } = run;
  const over = (read: (sample: Sample) => number) =>
    samples.map((sample) => [sample.atMs / 1_000, read(sample)] as const);
  return drawChart({
    title: run.title,
    xTitle: 'seconds',
    xMost: Math.ceil((samples.at(-1)?.atMs ?? 0) / 1_000),
    spans: phases.map(({ name, fromMs, toMs, ids }) => ({
      from: fromMs / 1_000,
      // What is submitted at once has to be seen, too.
      to: Math.max(toMs, fromMs + 400) / 1_000,
      label: `${name}: ${ids.length}`,
    })),
    panels: [
      {
        title: 'Jobs:',
        lines: [
          { label: 'backlog, as the query counts it', look: 'first', points: over(({ backlog }) => backlog) },
          {
            label: 'ended in each second',
            look: 'second',
            points: endedPerSecond.map((count, n) => [n + 0.5, count] as const),
          },
        ],
      },
      {
        title: 'Workers:',
        lines: [
          { label: 'wanted', look: 'second', points: over(({ wanted }) => wanted), isStepped: true },
          { label: 'ready to take jobs', look: 'first', points: over(({ ready }) => ready), isStepped: true },
        ],
      },
    ],
  });
}
