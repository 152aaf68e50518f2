import type { AuditEntry, FleetClient } from '@mcp-fleet/client';
import { FleetError } from '@mcp-fleet/core';
import { brokenEntry } from '@mcp-fleet/runtime';
import type { Command } from 'commander';
import type { FleetOptions } from '../connect.ts';
import { color } from '../output.ts';
import { withFleet } from '../with-fleet.ts';
import { wholeNumber, withFleetOptions } from './options.ts';

type Options = FleetOptions & { json?: boolean };

/** Entries of one request. */
const pageSize = 1_000;

/** Who did what with keys, policies and approvals. */
export function auditCommand(program: Command): void {
  const audit = program
    .command('audit')
    .summary('who did what with keys, policies and approvals')
    .description(
      "A tenant's log of what was done with keys, limits, agents, webhooks, budgets, approvals and kept contents. An entry is written before what it tells is done, and each is chained to the one before by its hash.",
    );
  withFleetOptions(
    audit
      .command('list')
      .description('Lists entries, newest first.')
      .option('--limit <n>', 'how many', wholeNumber(1, pageSize), 50),
  ).action(list);
  withFleetOptions(
    audit.command('export').description('Prints the whole log as JSON lines, oldest first.'),
  ).action(exportLog);
  withFleetOptions(
    audit.command('verify').description('Checks that no entry was changed or taken out.'),
  ).action(verify);
}

async function list({ limit, ...options }: Options & { limit: number }): Promise<void> {
  await withFleet(options, async (fleet, output) => {
    const page = await fleet.audit({ limit });
    output.result(page, () => {
      if (page.data.length === 0) return output.line('Nothing was done yet.');
      const rows = page.data.map(({ n, at, actor, action, target, details }) => [
        String(n),
        at.slice(0, 19).replace('T', ' '),
        actor,
        details.outcome === 'refused' ? color.red(`${action} refused`) : action,
        target || (details.name ?? ''),
        details.decision ?? details.reason ?? '',
      ]);
      output.table(['n', 'at', 'by', 'what', 'of', ''], rows);
    });
  });
}

async function exportLog(options: Options): Promise<void> {
  await withFleet(options, async (fleet) => {
    for (const entry of await wholeLog(fleet)) process.stdout.write(`${JSON.stringify(entry)}\n`);
  });
}

async function verify(options: Options): Promise<void> {
  await withFleet(options, async (fleet, output) => {
    const entries = await wholeLog(fleet);
    const broken = brokenEntry(
      entries.map(({ type: _type, at, ...entry }) => ({ ...entry, at: new Date(at) })),
    );
    if (broken) {
      throw new FleetError(
        'audit_broken',
        `Entry ${broken.n} of the audit log does not follow from the one before: it, or that one, was changed or taken out. Compare with an earlier \`fleet audit export\`.`,
      );
    }
    const last = entries.at(-1);
    output.result({ entries: entries.length, last_hash: last?.hash ?? null }, () => {
      output.line(`${color.green('✓')} The chain of ${entries.length} entries is whole.`);
      if (last)
        output.line(
          color.dim(`  Keep the last hash elsewhere, to notice an end that was cut off: ${last.hash}`),
        );
    });
  });
}

/** Oldest first. */
async function wholeLog(fleet: FleetClient): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  for (let more = true; more; ) {
    const before = entries.at(-1)?.n;
    const page = await fleet.audit({ limit: pageSize, ...(before === undefined ? {} : { before }) });
    entries.push(...page.data);
    more = page.has_more;
  }
  return entries.reverse();
}
