import { openRedisAndMongo, openRedisAndPostgres } from './support/bench-fleet.ts';
import { countOn, type JobCount, sumOf } from './support/count-job.ts';
import { atMost, type Result } from './support/results.ts';

/** What a one-tool job in a session costs on the wire, from its submission to its end; the same in every run. */
export async function benchCount({ jobs }: { jobs: number }): Promise<Result[]> {
  const results: Result[] = [];
  const stores = [
    { name: 'PostgreSQL', open: openRedisAndPostgres, most: 6 },
    { name: 'MongoDB', open: openRedisAndMongo, most: 10 },
  ];
  for (const { name, open, most } of stores) {
    const alone = await countOn(open, jobs, 'a time');
    if (alone === null) {
      console.log(`left out: ${name} (its server is not set)`);
      continue;
    }
    show(`${name}, one job at a time`, alone);
    const trips = sumOf(alone.store.requests);
    results.push({
      name: `count: store round trips on ${name}`,
      value: trips,
      unit: 'a job',
      target: atMost(most),
    });
    results.push({ name: `count: bytes to ${name}`, value: alone.store.sent, unit: 'B a job', target: null });
    if (name !== 'PostgreSQL') continue;
    const together = await countOn(open, jobs, 'once');
    if (together === null) continue;
    show(`${name}, ${jobs} jobs at once`, together);
    const [idle, busy] = [alone, together].map(({ queue }) => sumOf(queue.requests));
    results.push({
      name: 'count: queue commands, jobs waiting',
      value: busy as number,
      unit: 'a job',
      target: atMost(5),
    });
    results.push({
      name: 'count: queue commands, queue empty before',
      value: idle as number,
      unit: 'a job',
      target: null,
    });
  }
  return results;
}

function show(title: string, { store, queue }: JobCount): void {
  const list = (requests: Record<string, number>) =>
    Object.entries(requests)
      .map(([name, count]) => `${Number(count.toFixed(2))} × ${name}`)
      .join(', ');
  console.log(`${title}:\n  store: ${list(store.requests)}\n  queue: ${list(queue.requests)}`);
}
