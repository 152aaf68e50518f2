import { FleetClient } from '@mcp-fleet/client';
import { expect, test } from 'vitest';
import { useFleet } from '../support/fleet-under-test.ts';
import { runCli } from '../support/run-cli.ts';
import { describeWith } from '../support/services.ts';
import { asksToAdd, saysDone } from '../support/simulator-control.ts';
import { someTopologies } from '../support/topologies.ts';
import { until } from '../support/until.ts';

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `approvals over HTTP and on the command line, ${name}`, () => {
    const fleet = useFleet(open);

    async function waiting(...numbers: number[]): Promise<{ client: FleetClient; url: string; id: string }> {
      const { tools } = fleet();
      await fleet().addServer('counting', { url: tools.url, tools: { add: { approval: 'always' } } });
      const [api] = await Promise.all([fleet().start('api'), fleet().start('worker')]);
      const client = new FleetClient({ url: api?.url ?? '' });
      const id = await fleet().submit([asksToAdd(...numbers), saysDone()]);
      await until('the approvals', async () => {
        const { data } = await client.approvals.list({ pending: true });
        return data.length === numbers.length && (await client.jobs.get(id)).state === 'waiting';
      });
      return { client, url: client.url, id };
    }

    test('one call is approved with other arguments, another denied with a reason', async () => {
      const { client, id } = await waiting(1, 2);
      const approved = await client.approvals.decide(id, 'toolu_1', {
        decision: 'approve',
        input: { n: 41 },
        decided_by: 'ada',
      });
      expect(approved).toMatchObject({ state: 'approved', input: { n: 1 }, approved_input: { n: 41 } });
      expect(approved.decided_by).toContain('ada');
      await client.approvals.decide(id, 'toolu_2', { decision: 'deny', reason: 'too dear' });
      expect(await client.jobs.wait(id)).toMatchObject({ state: 'succeeded' });
      expect(fleet().tools.counts()).toEqual({ 'add:41': 1 });
      const results = (await client.jobs.steps(id)).filter((step) => step.type === 'tool_result');
      expect(results.map((result) => result.outcome)).toEqual(['ok', 'denied']);
      expect(JSON.stringify(results)).toContain('too dear');
      expect((await client.approvals.list({ pending: true })).data).toEqual([]);
      expect((await client.approvals.list({ job_id: id })).data).toHaveLength(2);
    });

    test('a second decision is a conflict, and a call that needs none is not found', async () => {
      const { client, id } = await waiting(1);
      await client.approvals.decide(id, 'toolu_1', { decision: 'deny', reason: '' });
      await expect(client.approvals.decide(id, 'toolu_1', { decision: 'approve' })).rejects.toMatchObject({
        status: 409,
        code: 'approval_settled',
      });
      await expect(client.approvals.decide(id, 'toolu_9', { decision: 'approve' })).rejects.toMatchObject({
        status: 404,
      });
    });

    test('fleet approvals lists and approves', async () => {
      const { client, url, id } = await waiting(7);
      const listed = await runCli(['approvals', 'list', '--url', url]);
      expect(listed.stdout).toContain('counting__add');
      expect(listed.stdout).toContain('{"n":7}');
      const done = await runCli(['approvals', 'approve', id, 'toolu_7', '--by', 'grace', '--url', url]);
      expect(done).toMatchObject({ code: 0, stdout: expect.stringContaining('goes on') });
      expect(await client.jobs.wait(id)).toMatchObject({ state: 'succeeded' });
      expect(fleet().tools.counts()).toEqual({ 'add:7': 1 });
    });
  });
}
