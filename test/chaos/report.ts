import type { Evidence, Violation } from './checks/check.ts';
import type { ChaosOptions } from './options.ts';
import type { RunResult } from './run-chaos.ts';

/** Violations that are printed one by one. */
const shown = 40;

/** Faults by name: how often each happened. */
export function countFaults({ faults }: Pick<Evidence, 'faults'>): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { name } of faults) counts[name] = (counts[name] ?? 0) + 1;
  return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => a.localeCompare(b)));
}

/** The result as people read it. */
export function printReport(result: RunResult, options: ChaosOptions, log: (line: string) => void): void {
  const { evidence, violations, totals, folder } = result;
  const rows = Object.entries(countFaults(evidence)).map(([name, count]) => [
    name,
    String(count),
    String(violations.filter((violation) => happenedDuring(evidence, name, violation)).length),
  ]);
  log('');
  printTable(['fault', 'count', 'violations'], rows, log);
  log('A violation counts for every kind of fault that happened while its job was open.');
  log('');
  log(
    Object.entries(totals)
      .map(([name, count]) => `${count} ${name}`)
      .join(', '),
  );
  const failed = evidence.faults.filter((fault) => fault.failed !== null);
  for (const { name, what, failed: why } of failed)
    log(`fault not made as planned: ${name} (${what}): ${why}`);
  for (const { check, id, what } of violations.slice(0, shown)) log(`✗ ${check}: ${id ?? 'fleet'}: ${what}`);
  if (violations.length > shown) log(`… and ${violations.length - shown} more`);
  if (violations.length > 0) log(`The logs are kept in ${folder}.`);
  log(`${violations.length} violations; topology ${options.topology}, seed ${options.seed}`);
}

/** The result as programs read it, in one line. */
export function jsonLine({ evidence, violations }: RunResult, seed: number): string {
  return JSON.stringify({
    seed,
    faults: countFaults(evidence),
    violations: violations.length,
    details: violations,
  });
}

/** Prints columns that line up. */
export function printTable(head: string[], rows: string[][], log: (line: string) => void): void {
  const widths = head.map((title, at) => Math.max(title.length, ...rows.map((row) => row[at]?.length ?? 0)));
  const line = (cells: string[]) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd();
  log(line(head));
  log(widths.map((width) => '─'.repeat(width)).join('  '));
  for (const row of rows) log(line(row));
}

function happenedDuring(evidence: Evidence, name: string, { id }: Violation): boolean {
  const submission = evidence.submissions.find((each) => each.jobIds[0] === id || each.sessionId === id);
  const from = submission?.sentAt ?? 0;
  const to = evidence.jobs.find((job) => job.id === id)?.endedAt ?? Number.POSITIVE_INFINITY;
  return evidence.faults.some((fault) => fault.name === name && fault.to >= from && fault.from <= to);
}
