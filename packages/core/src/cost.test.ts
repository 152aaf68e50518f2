import { expect, test } from 'vitest';
import { totalsOf } from './job.ts';
import { replayOf } from './replay-job.ts';
import { CountingTools } from './testing/counting-tools.ts';
import { asks, ScriptedModel, says } from './testing/scripted-model.ts';
import { setUpRun } from './testing/set-up-run.ts';

/** A scripted reply has 10 tokens in, 5 out. */
const ofOneReply = 10 * 1_000 + 5 * 5_000;
const tools = () =>
  new CountingTools({ t: () => ({ content: [{ type: 'text', text: '1' }], isError: false }) });

test('is stored with each reply, added up with the job, and told under the name of its price', async () => {
  const { store, run, events } = await setUpRun();
  await run('job_1', new ScriptedModel(asks(['a', 't', {}]), says('done')), tools());
  const steps = await store.steps('job_1');
  expect(steps.map((step) => step.kind === 'reply' && step.cost)).toEqual([ofOneReply, false, ofOneReply]);
  expect(store.stored('job_1').totals?.cost).toBe(2 * ofOneReply);
  const told = events.filter((event) => event.type === 'step_recorded');
  expect(told.map((event) => event.priced)).toEqual(['scripted', 'scripted', 'scripted']);
});

test('is unknown, not zero, where the price is', async () => {
  const { store, run } = await setUpRun({ agent: { model: 'openai/nobodys' } });
  await run('job_1', new ScriptedModel(says('done')));
  const [reply] = await store.steps('job_1');
  expect(reply).not.toHaveProperty('cost');
  expect(store.stored('job_1').totals?.cost).toBeNull();
});

test('of a replay leaves out the replies that it began with', async () => {
  const { store, run, submit } = await setUpRun();
  await run('job_1', new ScriptedModel(asks(['a', 't', {}]), new Error('broken')), tools());
  const replay = await replayOf(store, store.stored('job_1'), 'tail', 'job_2');
  await submit('job_2', 'first', replay);
  await run('job_2', new ScriptedModel(says('done')), tools());
  expect(store.stored('job_2').totals).toMatchObject({ modelCalls: 2, cost: ofOneReply });
});

test('of no reply is nothing', () => {
  expect(totalsOf([]).cost).toBe(0);
});
