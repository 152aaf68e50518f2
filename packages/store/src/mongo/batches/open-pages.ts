import type { Database } from '../database.ts';

const pageSize = 1000;

export interface OpenLine {
  n: number;
  jobId: string;
  openedAt: Date;
  inSession: boolean;
}

/** The open lines of a batch in their order, of which a page is in memory at a time. */
export async function* openPages(
  { lines }: Database,
  batchId: string,
): AsyncGenerator<OpenLine[], void, void> {
  const projection = { n: 1, job_id: 1, opened_at: 1, session_id: 1 };
  for (let after = 0; ; ) {
    const behind = { batch_id: batchId, state: 'open' as const, n: { $gt: after } };
    const page = await lines.find(behind, { projection }).sort({ n: 1 }).limit(pageSize).toArray();
    const last = page.at(-1);
    if (last === undefined) return;
    yield page.map(({ n, job_id, opened_at, session_id }) => ({
      n,
      jobId: job_id as string,
      openedAt: opened_at as Date,
      inSession: session_id !== null,
    }));
    if (page.length < pageSize) return;
    after = last.n;
  }
}
