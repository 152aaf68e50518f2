import { parseArgs } from 'node:util';
import { benchApi } from './api.ts';
import { benchAutoscale } from './autoscale.ts';
import { benchBatch } from './batch.ts';
import { benchCancel } from './cancel.ts';
import { benchIdle } from './idle.ts';
import { benchLoop } from './loop.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean' }, json: { type: 'boolean' }, chart: { type: 'string' } },
});

const benchmarks: Record<string, () => Promise<void>> = {
  api: () =>
    values.quick
      ? benchApi({ requests: 500, rounds: 2, streams: 100 })
      : benchApi({ requests: 5_000, rounds: 5, streams: 1_000 }),
  autoscale: () =>
    benchAutoscale(
      values.quick
        ? {
            shrink: { time: 60, jobs: 5 },
            modelMs: 500,
            quietMs: 1_000,
            first: { jobs: 40, perSecond: 80, parked: 5, parkMs: 14_000 },
            due: 10,
            second: { jobs: 60, perSecond: 30 },
            trickle: { jobs: 36, perSecond: 4 },
          }
        : {
            shrink: { time: 30, jobs: 5 },
            modelMs: 500,
            quietMs: 3_000,
            first: { jobs: 60, perSecond: 30, parked: 5, parkMs: 22_000 },
            due: 20,
            second: { jobs: 180, perSecond: 30 },
            trickle: { jobs: 80, perSecond: 4 },
          },
      { json: values.json ?? false, chart: values.chart },
    ),
  batch: () =>
    values.quick
      ? benchBatch({ lines: 20_000, few: 1_000, singles: 1_000, seconds: 3 })
      : benchBatch({ lines: 1_000_000, few: 10_000, singles: 5_000, seconds: 10 }),
  cancel: benchCancel,
  idle: benchIdle,
  loop: () =>
    values.quick
      ? benchLoop({ jobs: 200, sessions: 50, concurrency: 32 }, 1)
      : benchLoop({ jobs: 2_000, sessions: 500, concurrency: 32 }, 3),
};

const run = benchmarks[positionals[0] ?? ''];
if (run) await run();
else {
  console.error(
    `Usage: npm run bench -- ${Object.keys(benchmarks).join('|')} [--quick]; autoscale [--json] [--chart file.svg]`,
  );
  process.exitCode = 2;
}
