import { rm } from 'node:fs/promises';
import { allDefects } from './defects/all-defects.ts';
import { applied, type Defect } from './defects/defect.ts';
import { chooseFaults } from './faults/all-faults.ts';
import type { ChaosOptions } from './options.ts';
import { printTable } from './report.ts';
import { type RunResult, runChaos } from './run-chaos.ts';

/** Short: a defect may be that jobs never end. */
const drainMs = 20_000;

/** What came of one defect. */
interface Caught {
  defect: Defect;
  /** Checks that noticed it, with the number of violations. */
  by: Record<string, number>;
  problem: string | null;
}

/** Runs the fleet with one deliberate defect after the other; returns whether one went unnoticed. */
export async function runMutations(options: ChaosOptions, signal: AbortSignal): Promise<boolean> {
  const chosen = allDefects.filter(
    ({ name }) => options.only.length === 0 || options.only.some((begin) => name.startsWith(begin)),
  );
  const caught: Caught[] = [];
  for (const defect of chosen) {
    if (signal.aborted) break;
    console.log(`${defect.name}: ${defect.what}`);
    caught.push(await tryUntilCaught(defect, options.seed, signal));
  }
  const rows = caught.map(({ defect, by, problem }) => [
    defect.name,
    problem === null ? 'caught' : 'NOT CAUGHT',
    problem ??
      Object.entries(by)
        .map(([check, count]) => `${check} (${count})`)
        .join(', '),
  ]);
  console.log('');
  printTable(['defect', 'result', 'by'], rows, console.log);
  const missed = caught.filter(({ problem }) => problem !== null);
  console.log(`${caught.length - missed.length} of ${chosen.length} defects caught, seed ${options.seed}`);
  if (options.json) {
    const defects = caught.map(({ defect, by, problem }) => ({
      name: defect.name,
      caught: problem === null,
      by,
    }));
    console.log(JSON.stringify({ seed: options.seed, defects }));
  }
  return missed.length > 0 || caught.length < chosen.length;
}

/** Whether a defect does harm is up to chance: it gets some runs, each with a seed of its own. */
const mostRuns = 3;

async function tryUntilCaught(defect: Defect, seed: number, signal: AbortSignal): Promise<Caught> {
  for (let run = 1; ; run += 1) {
    const caught = await tryDefect(defect, seed + run - 1, signal);
    if (caught.problem === null || run === mostRuns || signal.aborted) return caught;
  }
}

async function tryDefect(defect: Defect, seed: number, signal: AbortSignal): Promise<Caught> {
  try {
    const result = await runChaos({
      topology: defect.topology,
      seed,
      faultMs: defect.seconds * 1_000,
      drainMs,
      batchLines: 0,
      faults: chooseFaults(defect.topology, defect.faults),
      defect: defect.source ? defect.name : null,
      ...(defect.prepare ? { prepare: defect.prepare } : {}),
      signal,
      log: () => undefined,
    });
    const by: Record<string, number> = {};
    for (const { check } of result.violations) by[check] = (by[check] ?? 0) + 1;
    const problem = notApplied(defect, result) ?? notNoticed(defect, by);
    if (problem === null) await rm(result.folder, { recursive: true, force: true });
    return { defect, by, problem };
  } catch (thrown) {
    return { defect, by: {}, problem: thrown instanceof Error ? thrown.message : String(thrown) };
  }
}

/** A defect that does not apply any more proves nothing. */
function notApplied({ source }: Defect, { defectMarks }: RunResult): string | null {
  if (source === undefined) return null;
  if (defectMarks.length === 0) return `no process loaded ${source.module}`;
  return defectMarks.find((mark) => mark !== applied) ?? null;
}

function notNoticed(defect: Defect, by: Record<string, number>): string | null {
  if (defect.caughtBy.some((check) => check in by)) return null;
  const seen = Object.entries(by).map(([check, count]) => `${check} (${count})`);
  return `expected ${defect.caughtBy.join(' or ')}; noticed: ${seen.join(', ') || 'nothing'}`;
}
