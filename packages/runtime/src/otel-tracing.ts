import type { FleetEvent, JobRef, Step, TerminalState } from '@mcp-fleet/core';
import {
  type Attributes,
  type Context,
  isSpanContextValid,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  type Tracer,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { TracedRequest, Tracing } from './tracing.ts';

interface Delivery {
  span: Span;
  context: Context;
}

/**
 * Spans by the semantic conventions for generative AI and for MCP (in development as of 2026-11; names may change).
 * Spans have ids, names, counts and times; no prompt, answer, argument or result is in any of them.
 */
export class OtelTracing implements Tracing {
  readonly #provider: TracerProvider;
  readonly #tracer: Tracer;
  readonly #deliveries = new Map<string, Delivery>();

  constructor(service: string, endpoint: string) {
    const exporter = new OTLPTraceExporter({ url: `${endpoint.replace(/\/+$/, '')}/v1/traces` });
    this.#provider = new TracerProvider({
      resource: resourceFromAttributes({
        'service.name': `mcp-fleet-${service}`,
        'service.namespace': 'mcp-fleet',
      }),
      spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: 1_000 })],
    });
    this.#tracer = this.#provider.getTracer('mcp-fleet');
  }

  request(method: string, route: string, parent: string | null): TracedRequest {
    const attributes = { 'http.request.method': method, 'http.route': route };
    const options = { kind: SpanKind.SERVER, attributes };
    const span = this.#tracer.startSpan(`${method} ${route}`, options, contextOf(parent));
    return {
      traceparent: traceparentOf(span),
      end: (status) => {
        span.setAttribute('http.response.status_code', status);
        if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    };
  }

  readonly listen = (event: FleetEvent): void => {
    const { job } = event;
    switch (event.type) {
      case 'job_taken':
        this.#begin(job, event);
        return;
      case 'step_recorded':
        if (!event.adopted) this.#step(job, event.step);
        return;
      case 'job_ended':
        this.#end(job, endAttributes(event.state, event.error?.code), event.state === 'failed');
        return;
      case 'job_parked':
        this.#end(job, { 'fleet.outcome': 'parked', 'fleet.wait.code': event.reason.split(':')[0] ?? '' });
        return;
      case 'job_handed_back':
        this.#end(job, { 'fleet.outcome': 'handed_back' });
        return;
      case 'job_superseded':
        this.#end(job, { 'fleet.outcome': 'superseded' });
        return;
      default:
        return;
    }
  };

  async stop(): Promise<void> {
    for (const { span } of this.#deliveries.values()) span.end();
    await this.#provider.shutdown();
  }

  #begin(job: JobRef, { agent, model, queuedMs }: Extract<FleetEvent, { type: 'job_taken' }>): void {
    // One that ended without a word, because the store was away.
    this.#deliveries.get(job.jobId)?.span.end();
    const attributes = {
      'gen_ai.operation.name': 'invoke_agent',
      'gen_ai.agent.name': agent,
      'gen_ai.request.model': model,
      ...(job.sessionId === null ? {} : { 'gen_ai.conversation.id': job.sessionId }),
      'fleet.job.id': job.jobId,
      'fleet.job.epoch': job.epoch,
      'fleet.tenant': job.tenant,
      'fleet.job.age_ms': queuedMs,
    };
    const parent = contextOf(job.trace);
    const span = this.#tracer.startSpan(
      `invoke_agent ${agent}`,
      { kind: SpanKind.CONSUMER, attributes },
      parent,
    );
    this.#deliveries.set(job.jobId, { span, context: trace.setSpan(parent, span) });
  }

  #step({ jobId }: JobRef, step: Step): void {
    const delivery = this.#deliveries.get(jobId);
    if (delivery === undefined || step.kind === 'steer') return;
    const endTime = Date.now();
    const { name, attributes, error } = step.kind === 'reply' ? chat(step) : toolCall(step);
    const options = { kind: SpanKind.CLIENT, attributes, startTime: endTime - step.ms };
    const span = this.#tracer.startSpan(name, options, delivery.context);
    if (error) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(endTime);
  }

  #end({ jobId }: JobRef, attributes: Attributes, failed = false): void {
    const delivery = this.#deliveries.get(jobId);
    if (delivery === undefined) return;
    this.#deliveries.delete(jobId);
    delivery.span.setAttributes(attributes);
    if (failed) delivery.span.setStatus({ code: SpanStatusCode.ERROR });
    delivery.span.end();
  }
}

interface Described {
  name: string;
  attributes: Attributes;
  error: boolean;
}

function chat({ model, usage, stopReason, requestId, round }: Extract<Step, { kind: 'reply' }>): Described {
  const attributes = {
    'gen_ai.operation.name': 'chat',
    'gen_ai.response.model': model,
    'gen_ai.response.finish_reasons': [stopReason],
    'gen_ai.usage.input_tokens': usage.inputTokens,
    'gen_ai.usage.output_tokens': usage.outputTokens,
    'gen_ai.usage.cache_read.input_tokens': usage.cacheReadTokens,
    'gen_ai.usage.cache_write.input_tokens': usage.cacheWriteTokens,
    ...(requestId === undefined ? {} : { 'gen_ai.response.id': requestId }),
    'fleet.round': round,
  };
  return { name: `chat ${model}`, attributes, error: false };
}

function toolCall({ tool, outcome, block, round, slot }: Extract<Step, { kind: 'result' }>): Described {
  const attributes = {
    'mcp.method.name': 'tools/call',
    'gen_ai.operation.name': 'execute_tool',
    'gen_ai.tool.name': tool,
    'gen_ai.tool.call.id': block.tool_use_id,
    'fleet.round': round,
    'fleet.slot': slot,
    ...(outcome === 'ok' ? {} : { 'error.type': outcome === 'error' ? 'tool_error' : outcome }),
  };
  return { name: `tools/call ${tool}`, attributes, error: outcome !== 'ok' };
}

function endAttributes(state: TerminalState, code: string | undefined): Attributes {
  return { 'fleet.outcome': state, ...(code === undefined ? {} : { 'error.type': code }) };
}

/** Whatever is not sampled where it came from is not sampled here. */
function contextOf(traceparent: string | null): Context {
  if (traceparent === null) return ROOT_CONTEXT;
  const [, traceId = '', spanId = '', flags = '00'] = traceparent.split('-');
  const remote = { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
  return isSpanContextValid(remote) ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT;
}

function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext();
  return `00-${traceId}-${spanId}-${(traceFlags & TraceFlags.SAMPLED) === 0 ? '00' : '01'}`;
}
