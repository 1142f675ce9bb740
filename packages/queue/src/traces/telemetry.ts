/** Traces of jobs for an OpenTelemetry collector. Without OTLP_URL nothing of OpenTelemetry is loaded. */
import { type Logger, silentLogger } from '@gofr-backup/model';
import type { Tracing } from './tracing.ts';

export interface TracingOptions {
  project: string;
  otlpUrl: string | undefined;
  logger?: Logger;
}

/** Jobs neither wait for the collector nor fail with it; spans that it does not take within seconds are lost. */
export async function startTracing({
  project,
  otlpUrl,
  logger = silentLogger,
}: TracingOptions): Promise<Tracing> {
  if (otlpUrl === undefined) return { telemetry: undefined, stop: async () => {} };
  const { traceTo } = await import('./otlp.ts');
  return traceTo(otlpUrl, project, logger);
}
