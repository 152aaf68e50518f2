import { parseArgs } from 'node:util';
import { benchCancel } from './cancel.ts';
import { benchIdle } from './idle.ts';
import { benchLoop } from './loop.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: 'boolean' } },
});

const benchmarks: Record<string, () => Promise<void>> = {
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
