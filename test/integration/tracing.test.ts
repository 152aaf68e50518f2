import { FleetClient } from '@mcp-fleet/client';
import { expect, test } from 'vitest';
import { useFleet } from '../support/fleet-under-test.ts';
import { attributeOf, type SpanData, startCollector } from '../support/otlp-collector.ts';
import { describeWith } from '../support/services.ts';
import { asksToAdd, saysDone } from '../support/simulator-control.ts';
import { someTopologies } from '../support/topologies.ts';
import { until } from '../support/until.ts';

const traceId = 'a1'.repeat(16);
const callerSpan = 'b2'.repeat(8);

for (const { name, needs, open } of someTopologies) {
  describeWith(needs, `traces, ${name}`, () => {
    const fleet = useFleet(open);

    test('one leads from a request through the queue to each model call and tool call, without contents', async () => {
      const collector = await startCollector();
      const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.url };
      const [api, worker] = await Promise.all([fleet().start('api', env), fleet().start('worker', env)]);
      await fleet().simulator.script([asksToAdd(5), { content: 'a secret answer' }]);
      const client = new FleetClient({
        url: api?.url ?? '',
        fetch: (input, init) =>
          fetch(input, {
            ...init,
            headers: { ...(init?.headers as object), traceparent: `00-${traceId}-${callerSpan}-01` },
          }),
      });
      const { id } = await client.jobs.create({ query: 'a secret question' });
      await client.jobs.wait(id);
      const mine = () => collector.spans.filter((span) => span.traceId === traceId);
      const named = (begin: string) => mine().filter((span) => span.name.startsWith(begin));
      await until('the spans', async () => named('invoke_agent').length > 0 && named('POST').length > 0);

      const [request] = named('POST /v1/jobs') as [SpanData];
      expect(request).toMatchObject({ parentSpanId: callerSpan, kind: 2, service: 'mcp-fleet-api' });
      expect(attributeOf(request, 'http.response.status_code')).toBe(202);
      const [delivery] = named('invoke_agent default') as [SpanData];
      expect(delivery).toMatchObject({ parentSpanId: request.spanId, service: 'mcp-fleet-worker' });
      expect(attributeOf(delivery, 'fleet.job.id')).toBe(id);
      expect(attributeOf(delivery, 'fleet.outcome')).toBe('succeeded');
      const calls = [...named('chat'), ...named('tools/call')];
      expect(calls.map((span) => span.parentSpanId)).toEqual(
        [delivery, delivery, delivery].map((span) => span.spanId),
      );
      expect(named('chat')).toHaveLength(2);
      expect(Number(attributeOf(named('chat')[0] as SpanData, 'gen_ai.usage.input_tokens'))).toBeGreaterThan(
        0,
      );
      const [tool] = named('tools/call') as [SpanData];
      expect(tool.name).toBe('tools/call counting__add');
      expect(attributeOf(tool, 'gen_ai.tool.name')).toBe('counting__add');
      expect(Number(tool.endTimeUnixNano)).toBeGreaterThanOrEqual(Number(tool.startTimeUnixNano));
      expect(collector.bodies.join('')).not.toMatch(/secret/);
      expect(worker?.log()).toContain(`"traceId":"${traceId}"`);
      expect(fleet().tools.traces()).toEqual([expect.stringMatching(`^00-${traceId}-[0-9a-f]{16}-01$`)]);
    });

    test('without an endpoint nothing is sent, and the trace of the caller still reaches the tools', async () => {
      const [api] = await Promise.all([fleet().start('api'), fleet().start('worker')]);
      await fleet().simulator.script([asksToAdd(6), saysDone()]);
      const ask = async (traceparent: string) => {
        const headers = { 'content-type': 'application/json', traceparent };
        const response = await fetch(`${api?.url}/v1/jobs`, {
          method: 'POST',
          headers,
          body: '{"query":"add"}',
        });
        return ((await response.json()) as { id: string }).id;
      };
      const parent = `00-${traceId}-${callerSpan}-00`;
      await fleet().ended(await ask(parent));
      expect(fleet().tools.traces()).toEqual([parent]);
      const { trace } = (await fleet().topology.store.job('local', await ask('nothing of the kind'))) ?? {};
      expect(trace).toBeNull();
    });
  });
}
