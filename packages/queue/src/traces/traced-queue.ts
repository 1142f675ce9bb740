import { type Logger, silentLogger } from '@gofr-backup/model';
import type { Connection } from '../connection.ts';
import type { QueueKind } from '../jobs/contract.ts';
import { openQueue, type BackupQueue } from '../queue.ts';
import type { KeySource } from '../requests/signature.ts';
import { startTracing } from './telemetry.ts';

export interface TracedQueueOptions {
  project: string;
  /** default: backup */
  kind?: QueueKind;
  connection: Connection;
  /** undefined: nothing is traced */
  otlpUrl: string | undefined;
  /** signs what is added; default: none */
  key?: KeySource;
  /** hears when traces cannot be sent */
  logger: Logger;
  /** hears the queue's own errors, which say no more than the connection's; default: they are dropped */
  queueLogger?: Logger;
}

/** A queue for adding jobs: each job added is a span when OTLP_URL is set. Closing it sends the spans that are left. */
export async function openTracedQueue(options: TracedQueueOptions): Promise<BackupQueue> {
  const { project, kind, connection, otlpUrl, key, logger, queueLogger = silentLogger } = options;
  const tracing = await startTracing({ project, otlpUrl, logger });
  const queue = openQueue(project, connection, {
    ...(kind && { kind }),
    logger: queueLogger,
    telemetry: tracing.telemetry,
    key,
  });
  const close = async (): Promise<void> => {
    // at once: without Redis the queue may not close at all
    const sent = tracing.stop();
    try {
      await queue.close();
    } finally {
      await sent;
    }
  };
  return { ...queue, close };
}
