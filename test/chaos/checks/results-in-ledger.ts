import { toolUses } from '@mcp-fleet/core';
import { receipt } from '../servers/behaviour.ts';
import { type Check, parsedSteps } from './check.ts';

/** Words of results that no fault of the suite explains. */
const strange = /There is no tool named|Not run:|do not fit|argument/i;

/** A recorded result is what the call's server said, and what a server did belongs to a recorded call. */
export const resultsInLedger: Check = {
  name: 'results in ledger',
  find({ jobs, steps, ledger }) {
    const byJob = parsedSteps(steps);
    const entries = Map.groupBy(ledger, (entry) => entry.key);
    const asked = new Map<string, unknown>();
    const found: { id: string; what: string }[] = [];
    for (const [id, own] of byJob) {
      for (const step of own) {
        if (step.kind === 'reply') {
          for (const [at, use] of toolUses(step.content).entries()) {
            asked.set(`${id}.${step.round}.${at + 1}`, use.input.n);
          }
          continue;
        }
        if (step.kind === 'steer') continue;
        const key = `${id}.${step.round}.${step.slot}`;
        const text = JSON.stringify(step.block.content);
        const [entry] = entries.get(key) ?? [];
        if (step.outcome === 'ok' && entry === undefined) {
          found.push({
            id,
            what: `${key} has the result ${text.slice(0, 80)}, but its server was never called`,
          });
        }
        if (step.outcome === 'ok' && entry && !text.includes(receipt(entry.tool, entry.n, key))) {
          found.push({ id, what: `${key} has a result that is not its own: ${text.slice(0, 120)}` });
        }
        if (step.outcome === 'error' && strange.test(text)) {
          found.push({ id, what: `${key} was answered with ${text.slice(0, 200)}` });
        }
      }
    }
    const existing = new Set(jobs.map((job) => job.id));
    for (const [key, [entry]] of entries) {
      const id = key.split('.')[0] ?? '';
      if (!existing.has(id))
        found.push({ id, what: `${entry?.tool} ${key} was called for a job that is nowhere` });
      else if (asked.get(key) !== entry?.n) {
        found.push({
          id,
          what: `${entry?.tool}(${entry?.n}) was called as ${key}, for which no reply asked`,
        });
      }
    }
    return found;
  },
};
