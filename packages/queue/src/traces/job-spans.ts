/**
 * What BullMQ's telemetry tells of a job: one span for adding it, one for each attempt, joined by the job's metadata.
 * No context is kept between calls: BullMQ would hang all runs of a worker's loop below each other.
 */
import * as api from '@opentelemetry/api';
import { W3CTraceContextPropagator } from '@opentelemetry/core';
import {
  SpanKind,
  TelemetryAttributes,
  type Attributes,
  type AttributeValue,
  type Exception,
  type Span,
  type Telemetry,
} from 'bullmq';
import { BullMQOtel, BullMQOTelSpan } from 'bullmq-otel';
import { decodeFailure } from '../failure.ts';

/** BullMQ also gives results, failures and options of its classes: file names, and passwords of Redis. */
const TOLD = new Set<string>([
  TelemetryAttributes.QueueName,
  TelemetryAttributes.QueueOperation,
  TelemetryAttributes.JobName,
  TelemetryAttributes.JobId,
  TelemetryAttributes.JobAttemptsMade,
  TelemetryAttributes.JobProcessedTimestamp,
  TelemetryAttributes.JobAttemptFinishedTimestamp,
]);

/** Those by which jobs are added and attempted; the rest is BullMQ's housekeeping. */
const KINDS = new Map<SpanKind, api.SpanKind>([
  [SpanKind.PRODUCER, api.SpanKind.PRODUCER],
  [SpanKind.CONSUMER, api.SpanKind.CONSUMER],
]);

export function jobTelemetry(tracer: api.Tracer): Telemetry<api.Context> {
  api.propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  const { contextManager } = new BullMQOtel();
  return {
    tracer: {
      startSpan(name, options, context = api.ROOT_CONTEXT): Span<api.Context> {
        const kind = options && KINDS.get(options.kind);
        return kind === undefined ? UNTOLD : new JobSpan(tracer.startSpan(name, { kind }, context));
      },
    },
    contextManager: {
      with: (_context, work, ...parameters) => work(...parameters),
      active: () => api.ROOT_CONTEXT,
      root: () => api.ROOT_CONTEXT,
      // empty: a job that fails keeps the trace it has
      getMetadata: (context) => (api.trace.getSpan(context) ? contextManager.getMetadata(context) : ''),
      fromMetadata(context: api.Context, metadata) {
        try {
          return contextManager.fromMetadata(context, metadata);
        } catch {
          return context; // A job with a malformed context must run all the same.
        }
      },
    },
  };
}

class JobSpan extends BullMQOTelSpan {
  override setAttribute(key: string, value: AttributeValue): void {
    if (TOLD.has(key)) super.setAttribute(key, value);
  }

  override setAttributes(attributes: Attributes): void {
    super.setAttributes(Object.fromEntries(Object.entries(attributes).filter(([key]) => TOLD.has(key))));
  }

  /** BullMQ's only event without file names is how the attempt failed, as a code. */
  override addEvent(_name: string, attributes: Attributes = {}): void {
    const reason = attributes[TelemetryAttributes.JobFailedReason];
    if (typeof reason === 'string') this.#fail(decodeFailure(reason).code);
  }

  override recordException(exception: Exception): void {
    this.#fail(typeof exception === 'string' ? 'Error' : String(exception.code ?? exception.name ?? 'Error'));
  }

  #fail(type: string): void {
    this.span.setStatus({ code: api.SpanStatusCode.ERROR });
    this.span.setAttribute('error.type', type);
  }
}

const nothing = (): void => {};

const UNTOLD: Span<api.Context> = {
  setSpanOnContext: (context) => context,
  setAttribute: nothing,
  setAttributes: nothing,
  addEvent: nothing,
  recordException: nothing,
  end: nothing,
};
