import { parseArgs } from 'node:util';
import { benchApi } from './api.ts';
import { benchAutoscale } from './autoscale.ts';
import { benchBacklog } from './backlog.ts';
import { benchBatch } from './batch.ts';
import { benchCancel } from './cancel.ts';
import { benchCapacity } from './capacity.ts';
import { benchContext } from './context.ts';
import { benchCount } from './count.ts';
import { benchFanIn } from './fanin.ts';
import { benchIdle } from './idle.ts';
import { benchLatency } from './latency.ts';
import { benchLoop } from './loop.ts';
import { benchScale } from './scale.ts';
import { benchStart } from './start.ts';
import { printMachine } from './support/machine.ts';
import { printResults, type Result, toJson } from './support/results.ts';

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
};

/** Those that come to results with targets. */
const measured: Record<string, () => Promise<Result[]>> = {
  backlog: () =>
    values.quick
      ? benchBacklog({ sizes: [1_000, 20_000], rounds: 2, seconds: 3 })
      : benchBacklog({ sizes: [1_000, 100_000, 1_000_000], rounds: 5, seconds: 5 }),
  capacity: () => benchCapacity({ jobs: values.quick ? 60 : 300 }),
  context: () =>
    values.quick
      ? benchContext({ depths: [1, 10, 100, 1_000], samples: 10 })
      : benchContext({ depths: [1, 10, 100, 1_000, 10_000], samples: 30 }),
  count: () => benchCount({ jobs: values.quick ? 5 : 20 }),
  fanin: () => {
    const at = (modelMs: number, waves: number) =>
      [200, 1_000, 5_000].map((inFlight) => ({ inFlight, modelMs, waves: inFlight < 5_000 ? waves : 3 }));
    return benchFanIn(
      values.quick ? [{ inFlight: 200, modelMs: 500, waves: 3 }] : [...at(500, 10), ...at(5_000, 5)],
    );
  },
  latency: () => benchLatency({ jobs: values.quick ? 50 : 300 }),
  loop: async () => {
    if (values.quick) return benchLoop({ jobs: 200, sessions: 50, concurrency: 32 }, 1);
    const at = (concurrency: number) => benchLoop({ jobs: 2_000, sessions: 500, concurrency }, 5);
    return [...(await at(32)), ...(await at(256))];
  },
  scale: () => benchScale(values.quick ? { rounds: 1, jobs: 20 } : { rounds: 5, jobs: 40 }),
  start: () => benchStart({ rounds: values.quick ? 2 : 5 }),
};

const [name] = positionals;
const chosen = Object.entries(measured).filter(([known]) => name === undefined || known === name);
const run = benchmarks[name ?? ''];
if (chosen.length > 0) {
  await printMachine();
  const results: Result[] = [];
  for (const [known, bench] of chosen) {
    console.log(`\n${known}`);
    try {
      results.push(...(await bench()));
    } catch (thrown) {
      // The others took minutes, and say what they came to.
      console.error(`✗ ${known} was not measured:`, thrown);
      process.exitCode = 1;
    }
  }
  console.log('');
  printResults(results);
  if (values.json) console.log(toJson(results));
} else if (run) await run();
else {
  const names = [...Object.keys(measured), ...Object.keys(benchmarks)].sort();
  console.error(
    `Usage: npm run bench [-- NAME] [--quick] [--json] [--chart file.svg]; without a name all that have a target in docs/performance.md. Known: ${names.join(', ')}`,
  );
  process.exitCode = 2;
}
process.exit();
