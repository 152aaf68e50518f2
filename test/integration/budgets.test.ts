import { FleetClient, type Job } from '@mcp-fleet/client';
import { expect, test } from 'vitest';
import type { FleetProcess } from '../support/fleet-process.ts';
import { useFleet } from '../support/fleet-under-test.ts';
import { runCli } from '../support/run-cli.ts';
import { describeWith } from '../support/services.ts';
import { asksToAdd, saysDone } from '../support/simulator-control.ts';
import { someTopologies } from '../support/topologies.ts';
import { until } from '../support/until.ts';

/** By the simulator's price, two dollars for a million tokens in and ten for a million out. */
const usage = { input_tokens: 1_000, output_tokens: 500 };
const oneCall = 0.007;

/** Enough for a first call with all of the output that it may have, and not for a second. */
const enoughForOne = 0.05;

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `costs and budgets over HTTP, ${name}`, () => {
    const fleet = useFleet(open);

    async function start(): Promise<{ client: FleetClient; url: string; worker: FleetProcess }> {
      const [api, worker] = await Promise.all([fleet().start('api'), fleet().start('worker')]);
      const url = api.url;
      return { client: new FleetClient({ url }), url, worker };
    }

    /** A job that has made one call and may not make its second. */
    async function pausedJob(client: FleetClient): Promise<Job> {
      const { simulator, queueEmpty } = fleet();
      await simulator.script([
        { ...(asksToAdd(1) as object), usage },
        { ...(saysDone('both') as object), usage },
      ]);
      const { id } = await client.jobs.create({ query: 'add', max_cost_usd: enoughForOne });
      const paused = await until('the job to wait for its budget', async () => {
        const job = await client.jobs.get(id);
        return job.wait?.reason === 'budget' ? job : null;
      });
      await queueEmpty();
      return paused;
    }

    test('a job pauses at its budget, is raised, and goes on without a call too many', async () => {
      const { simulator, tools } = fleet();
      const { client, worker } = await start();
      const { id, budget, wait, state } = await pausedJob(client);
      expect({ state, wait }).toEqual({ state: 'waiting', wait: { until: null, reason: 'budget' } });
      expect(budget).toMatchObject({
        max_cost_usd: enoughForOne,
        max_tokens: null,
        shortfall: { spent: { cost_usd: oneCall, tokens: 1_500 } },
      });
      const { spent, next_call } = budget?.shortfall ?? {};
      expect((spent?.cost_usd ?? 0) + (next_call?.cost_usd ?? 0)).toBeGreaterThan(enoughForOne);
      expect(await simulator.requests(id)).toBe(1);

      // A raise that is not enough lets it look again, and no more.
      await client.jobs.raiseBudget(id, { max_cost_usd: enoughForOne + 0.0001 });
      await until('the job to have looked again', async () => {
        const job = await client.jobs.get(id);
        return job.attempts === 2 && job.state === 'waiting' && job.wait?.until === null;
      });
      await fleet().queueEmpty();
      expect(await simulator.requests(id)).toBe(1);

      await worker.kill('SIGKILL');
      await fleet().start('worker');
      await client.jobs.raiseBudget(id, { max_cost_usd: 1 });
      expect(await client.jobs.wait(id)).toMatchObject({
        state: 'succeeded',
        answer: 'both',
        usage: { model_calls: 2, tool_calls: 1, cost_usd: 2 * oneCall },
        budget: { max_cost_usd: 1, shortfall: null },
      });
      expect(await simulator.requests(id)).toBe(2);
      expect(tools.counts()).toEqual({ 'add:1': 1 });
      const steps = await client.jobs.steps(id);
      expect(steps.map((step) => step.type === 'reply' && step.cost_usd)).toEqual([oneCall, false, oneCall]);
    }, 60_000);

    test('fleet submit, jobs show and jobs budget', async () => {
      const { client, url, worker } = await start();
      const { id } = await pausedJob(client);
      const shown = await runCli(['jobs', 'show', id, '--url', url]);
      expect(shown.stdout).toContain(`${id} is waiting: budget`);
      expect(shown.stdout).toMatch(
        /spent 1500 tokens, \$0\.0070; the next call may use \d+ tokens, \$0\.04\d+/,
      );
      const raised = await runCli(['jobs', 'budget', id, '--max-cost-usd', 'none', '--url', url]);
      expect(raised).toMatchObject({ code: 0, stdout: expect.stringContaining('may use what it likes') });
      await client.jobs.wait(id);
      expect((await runCli(['jobs', 'show', id, '--url', url])).stdout).toContain('$0.014 (simulated)');
      const metrics = await (await fetch(`${worker.url}/metrics`)).text();
      expect(metrics).toContain('fleet_cost_usd_total{model="simulated*",simulated="true"} 0.014');

      const short = ['submit', 'hello', '--wait', '--max-tokens', '10', '--url', url];
      const waits = await runCli(short);
      expect(waits.stdout).toMatch(/job_\w+ waits for its budget/);
      expect(waits.code).not.toBe(0);
      const lower = await runCli(['jobs', 'budget', id, '--max-cost-usd', '1', '--url', url]);
      expect(lower.stderr).toContain('has ended');
    }, 60_000);

    test('a budget that cannot be held is refused when the job is submitted or changed', async () => {
      const { client } = await start();
      const job = { query: 'hello', model: 'openai/nobodys', max_cost_usd: 1 };
      await expect(client.jobs.create(job)).rejects.toMatchObject({
        status: 400,
        code: 'unknown_price',
        message: expect.stringContaining('{"prices": {"openai/nobodys"'),
      });
      const later = new Date(Date.now() + 3_600_000).toISOString();
      const { id } = await client.jobs.create({ query: 'x', not_before: later, max_cost_usd: 2 });
      for (const lower of [{ max_cost_usd: 1.5 }, { max_tokens: 100 }]) {
        await expect(client.jobs.raiseBudget(id, lower)).rejects.toMatchObject({
          status: 409,
          code: 'budget_not_raised',
          message: expect.stringContaining('can only be raised'),
        });
      }
      expect(await client.jobs.raiseBudget(id, { max_cost_usd: 3 })).toMatchObject({
        budget: { max_cost_usd: 3, max_tokens: null },
      });
      expect((await client.jobs.cancel(id)).state).toBe('canceled');
      await expect(client.jobs.raiseBudget(id, { max_cost_usd: 4 })).rejects.toMatchObject({
        status: 409,
        code: 'job_ended',
      });
    });

    test('an estimate bounds what the job then costs, and submits nothing', async () => {
      const { client, url } = await start();
      const job = { query: 'hello', max_cost_usd: 0.25 };
      const estimate = await client.jobs.estimate(job);
      expect(estimate).toMatchObject({ model: 'simulated', cost_usd: { max: 0.25 } });
      expect((await client.jobs.list()).data).toEqual([]);
      await fleet().simulator.script([{ ...(saysDone() as object), usage }]);
      const { usage: used } = await client.jobs.wait((await client.jobs.create(job)).id);
      expect(used?.cost_usd).toBeGreaterThanOrEqual(estimate.cost_usd?.min ?? 1);
      expect(used?.cost_usd).toBeLessThanOrEqual(estimate.cost_usd?.max ?? 0);
      expect(await client.jobs.estimate({ query: 'hello', model: 'openai/nobodys' })).toMatchObject({
        cost_usd: null,
      });
      const told = await runCli(['submit', 'hello', '--estimate', '--max-cost-usd', '0.25', '--url', url]);
      expect(told.stdout).toMatch(/to \$0\.25 \(simulated\)/);
    });

    test('a tenant that has spent its day gets no new job until midnight, and those under way go on', async () => {
      const { simulator } = fleet();
      const { client, url } = await start();
      const set = await runCli(['keys', 'limits', 'local', '--daily-cost-usd', '0.0069', '--url', url]);
      expect(set.stdout).toMatch(/US dollars a day +0\.0069/);
      expect(await client.tenants.limits('local')).toMatchObject({
        daily_cost_usd: 0.0069,
        queued_jobs: null,
      });
      await expect(client.jobs.create({ query: 'x', model: 'openai/nobodys' })).rejects.toMatchObject({
        code: 'unknown_price',
      });
      await simulator.script([{ ...(saysDone('first') as object), usage }]);
      const first = await client.jobs.create({ query: 'first' });
      await client.jobs.wait(first.id);
      await expect(
        new FleetClient({ url, maxRetries: 0 }).jobs.create({ query: 'one more' }),
      ).rejects.toMatchObject({
        status: 429,
        code: 'quota_exceeded',
        message: expect.stringContaining('$0.0069 a day is reached: $0.0070'),
      });
      const refused = await fetch(`${url}/v1/jobs`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ query: 'one more' }),
      });
      const untilMidnight = 86_400 - ((Date.now() / 1_000) % 86_400);
      expect(Math.abs(Number(refused.headers.get('retry-after')) - untilMidnight)).toBeLessThan(60);
      await runCli(['keys', 'limits', 'local', '--daily-cost-usd', 'none', '--url', url]);
      await simulator.script([saysDone('after')]);
      const { id } = await client.jobs.create({ query: 'after' });
      expect(await client.jobs.wait(id)).toMatchObject({ answer: 'after' });
    });

    test("an agent's limits are the budget of its jobs that say none", async () => {
      const { client } = await start();
      await client.agents.save('thrifty', { limits: { cost_usd: 0.0001, tokens: 7 } });
      const { id, budget } = await client.jobs.create({ query: 'hello', agent: 'thrifty' });
      expect(budget).toMatchObject({ max_cost_usd: 0.0001, max_tokens: 7 });
      await until('the job to wait', async () => (await client.jobs.get(id)).wait?.reason === 'budget');
      expect(await fleet().simulator.requests(id)).toBe(0);
      expect((await client.jobs.cancel(id)).state).toBe('canceled');
      expect(await client.jobs.get(id)).toMatchObject({ wait: null, budget: { shortfall: null } });
    });
  });
}
