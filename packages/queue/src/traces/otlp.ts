/** Sends spans by OTLP/HTTP. Loaded by telemetry.ts alone, because OpenTelemetry takes long to load. */
import { ExportResultCode, type ExportResult } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace';
import type { Logger } from '@gofr-backup/model';
import { jobTelemetry } from './job-spans.ts';
import type { Tracing } from './tracing.ts';
import { within } from '../within.ts';

/** ms between two requests; a process that dies loses what ended since the last */
const INTERVAL = 1000;
/** ms for one request with its repetitions: the end of a process waits for the last one */
const TIMEOUT = 1500;

/** A provider of its own: scheduler and worker may share a process, and end at different times. */
export function traceTo(otlpUrl: string, project: string, logger: Logger): Tracing {
  const exporter = new OTLPTraceExporter({
    url: tracesUrl(otlpUrl),
    timeoutMillis: TIMEOUT,
    httpAgentOptions: { keepAlive: false },
  });
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'gofr-backup', 'gofr_backup.project': project }),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter: tellingOutages(exporter, logger),
        scheduledDelayMillis: INTERVAL,
        exportTimeoutMillis: TIMEOUT,
      }),
    ],
  });
  return {
    telemetry: jobTelemetry(provider.getTracer('gofr-backup')),
    async stop(ms = TIMEOUT) {
      const flushed = provider.shutdown().catch(() => {}); // told as an outage
      await within(ms, flushed);
    },
  };
}

/** The base URL of a collector, as in OTEL_EXPORTER_OTLP_ENDPOINT, or that of its traces. */
function tracesUrl(otlpUrl: string): string {
  const url = new URL(otlpUrl);
  if (!url.pathname.endsWith('/v1/traces')) url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/traces`;
  return url.href;
}

/** One line when the collector is lost, one when it is back. */
function tellingOutages(exporter: SpanExporter, logger: Logger): SpanExporter {
  let lost = false;
  const tell = ({ code, error }: ExportResult): void => {
    const failed = code !== ExportResultCode.SUCCESS;
    if (failed && !lost) logger.warn({ reason: error?.message }, 'traces cannot be sent (OTLP_URL)');
    if (!failed && lost) logger.info({}, 'traces are sent again');
    lost = failed;
  };
  return {
    export(spans, done) {
      exporter.export(spans, (result) => {
        tell(result);
        done(result);
      });
    },
    shutdown: () => exporter.shutdown(),
  };
}
