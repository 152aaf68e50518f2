import { isEnded } from '../observer.ts';
import type { JobRow } from '../view/store-view.ts';
import type { Check } from './check.ts';

/** Every line of a batch has one job and one result, which is the job's; the counts say what the results say. */
export const oneResultALine: Check = {
  name: 'one result a line',
  find({ batch: run, jobs }) {
    if (run === null) return [];
    const { batch, lines, results } = run;
    const found: { id: string | null; what: string }[] = [];
    const report = (what: string) => found.push({ id: batch.id, what });
    if (batch.state !== 'ended') report(`is ${batch.state}, with ${JSON.stringify(batch.counts)}`);
    const byQuery = Map.groupBy(jobs, ({ query }) => textOf(query));
    const byId = new Map(jobs.map((job) => [job.id, job]));
    const byCustomId = Map.groupBy(results, (result) => result.custom_id);
    for (const [index, { custom_id, query }] of lines.entries()) {
      const own = byCustomId.get(custom_id ?? null) ?? [];
      if (own.length !== 1) report(`${custom_id} has ${own.length} results`);
      const made = byQuery.get(query as string) ?? [];
      if (made.length !== 1) report(`${custom_id} has ${made.length} jobs: ${made.map(({ id }) => id)}`);
      const [result] = own;
      if (result === undefined) continue;
      if (result.line !== index + 1) report(`${custom_id} stands at line ${result.line}`);
      const job = byId.get(result.job_id ?? '');
      if (job === undefined) report(`${custom_id} has a result of ${result.job_id}, which is nowhere`);
      else found.push(...differences(result, job));
    }
    for (const [state, count] of Object.entries(batch.counts)) {
      const shown = results.filter((result) => result.state === state).length;
      if (shown !== count) report(`counts ${count} lines ${state}, and shows ${shown}`);
    }
    return found;
  },
};

const states: Record<string, string> = { succeeded: 'succeeded', failed: 'errored' };

function differences(
  result: { custom_id: string | null; state: string; answer: string | null },
  job: JobRow,
): { id: string; what: string }[] {
  const differs = (what: string) => [{ id: job.id, what: `${result.custom_id} ${what}` }];
  if (!isEnded(job)) return differs(`has a result, and its job is ${job.state}`);
  if (states[job.state] !== result.state) return differs(`is ${result.state}, and its job ${job.state}`);
  if ((job.answer ?? null) === (result.answer ?? null)) return [];
  return differs(`answers ${result.answer?.slice(0, 80)}, and its job ${job.answer?.slice(0, 80)}`);
}

/** The text of a query as it is stored. */
function textOf(query: string): string {
  const blocks = JSON.parse(query) as { text?: string }[];
  return blocks.map(({ text }) => text ?? '').join('');
}
