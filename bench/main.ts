import { parseArgs } from 'node:util';
import { benchApi } from './api.ts';
import { benchBatch } from './batch.ts';
import { benchCancel } from './cancel.ts';
import { benchIdle } from './idle.ts';
import { benchLoop } from './loop.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean' } },
});

const benchmarks: Record<string, () => Promise<void>> = {
  api: () =>
    values.quick
      ? benchApi({ requests: 500, rounds: 2, streams: 100 })
      : benchApi({ requests: 5_000, rounds: 5, streams: 1_000 }),
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
  console.error(`Usage: npm run bench -- ${Object.keys(benchmarks).join('|')} [--quick]`);
  process.exitCode = 2;
}
