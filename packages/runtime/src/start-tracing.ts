import type { Environment } from './environment.ts';
import type { Tracing } from './tracing.ts';

/**
 * Tracing as the environment asks for it; null when it does not. OpenTelemetry is loaded only then, since it takes as
 * long to load as a small part of the fleet to start.
 */
export async function startTracing(
  service: string,
  { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }: Pick<Environment, 'OTEL_EXPORTER_OTLP_ENDPOINT'>,
): Promise<Tracing | null> {
  if (endpoint === undefined) return null;
  const { OtelTracing } = await import('./otel-tracing.ts');
  return new OtelTracing(service, endpoint);
}
