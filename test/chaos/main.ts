import { defectNamed } from './defects/all-defects.ts';
import { chooseFaults } from './faults/all-faults.ts';
import { runMutations } from './mutations.ts';
import { type ChaosOptions, parseOptions } from './options.ts';
import { jsonLine, printReport } from './report.ts';
import { runChaos } from './run-chaos.ts';

/** Milliseconds that jobs get to end once everything works again, and each line of a batch beside them. */
const drainMs = 90_000;
const drainLineMs = 100;

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(130);
    console.error(`${signal}: ending the run early; a second one ends it at once.`);
    process.exitCode = 130;
    stop.abort();
  });
}

try {
  const options = parseOptions(process.argv.slice(2));
  const broken = options.mutations ? await runMutations(options, stop.signal) : await run(options);
  if (broken) process.exitCode = 1;
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : String(thrown));
  process.exitCode = 2;
}
// Whatever a fault has left pending in this process must not keep it.
process.exit();

/** One run; returns whether a promise was broken. */
async function run(options: ChaosOptions): Promise<boolean> {
  const defect = options.mutate === null ? null : defectNamed(options.mutate);
  const result = await runChaos({
    topology: options.topology,
    seed: options.seed,
    faultMs: options.minutes * 60_000,
    drainMs: drainMs + options.batch * drainLineMs,
    batchLines: options.batch,
    faults: chooseFaults(options.topology, options.only, options.without),
    defect: defect?.source ? defect.name : null,
    ...(defect?.prepare ? { prepare: defect.prepare } : {}),
    signal: stop.signal,
    log: console.log,
  });
  printReport(result, options, console.log);
  if (options.json) console.log(jsonLine(result, options.seed));
  return result.violations.length > 0;
}
