import { encodeLine, lineJob, lineJobId, type Message, noBudget } from '@mcp-fleet/core';
import { newId } from '@mcp-fleet/runtime';
import { expect, test } from 'vitest';
import { append, createBatch, line } from './batch-fixtures.ts';
import { newJob, type OpenedStore, taken, tenant } from './fixtures.ts';

const context: Message[] = [
  { role: 'user', content: [{ type: 'text', text: 'My name is Ada.\u0000' }] },
  { role: 'assistant', content: [{ type: 'text', text: 'Hello Ada.', z: 1, a: 2 }] },
];

/** Messages that a producer sends along with its query, and lists that are read backwards. */
export function contextRules(opened: () => OpenedStore): void {
  const store = () => opened().store;

  test('a job has the messages that it was accepted with, byte for byte', async () => {
    const job = newJob({ context });
    await store().accept(job);
    expect(JSON.stringify((await store().job(tenant, job.id))?.context)).toBe(JSON.stringify(context));
    expect((await taken(store(), job.id)).job.context).toEqual(context);
    const plain = newJob();
    await store().accept(plain);
    expect((await taken(store(), plain.id)).job.context).toEqual([]);
  });

  test('the job of a line has those of the line', async () => {
    const batch = await createBatch(store());
    const query = [{ type: 'text', text: 'What is my name?' }];
    const lines = [
      line(1, { body: encodeLine({ context, query, agent: 'default', metadata: {} }) }),
      line(2),
    ];
    await append(store(), batch, 0, lines);
    const known = await store().finalizeBatch(batch.tenant, batch.id);
    const waiting = await store().waitingLines(batch.id, 2);
    const jobs = waiting.map((each) => ({
      n: each.n,
      job: lineJob(known as NonNullable<typeof known>, each),
    }));
    await store().admitLines(batch.id, jobs);
    const [first, second] = [1, 2].map((n) => lineJobId(batch.id, { n, run: 0 })) as [string, string];
    expect((await store().job(batch.tenant, first))?.context).toEqual(context);
    expect((await store().job(batch.tenant, second))?.context).toEqual([]);
  });

  test('batches are listed from either side, newest first', async () => {
    const owner = newId('key');
    const made = [];
    for (let n = 0; n < 5; n += 1) {
      const id = newId('msgbatch');
      const rest = {
        budget: noBudget,
        agent: 'messages',
        onInvalid: 'skip',
        metadata: {},
        expiresAt: new Date(),
      } as const;
      made.unshift((await store().createBatch({ id, tenant: owner, surface: 'messages', ...rest })).id);
    }
    const list = async (page: object) =>
      (await store().batches(owner, 'messages', { limit: 2, ...page })).map(({ id }) => id);
    expect(await list({})).toEqual(made.slice(0, 2));
    expect(await list({ after: made[1] })).toEqual(made.slice(2, 4));
    expect(await list({ before: made[4] })).toEqual(made.slice(2, 4));
    expect(await list({ before: made[1] })).toEqual(made.slice(0, 1));
    expect(await store().batches(owner, 'fleet', { limit: 2 })).toEqual([]);
  });
}
