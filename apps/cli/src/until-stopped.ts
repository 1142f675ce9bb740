import { createLogger } from '@gofr-backup/queue';
import type { Logger } from '@gofr-backup/core';
import type { Session } from './session.ts';

interface Stoppable {
  stop(): Promise<void>;
}

/** The log of a service goes to stdout; its settings decide how it looks. */
export function serviceLogger({ settings }: Session, service: string): Logger {
  const { logLevel: level, logFormat: format, noColor } = settings;
  return createLogger({ service, level, format, ...(noColor === undefined ? {} : { color: false }) });
}

/**
 * Runs services until SIGTERM or SIGINT, then stops them, the last started first, all of them even when one fails.
 * A second signal leaves at once.
 */
export async function untilStopped(session: Session, logger: Logger, services: Stoppable[]): Promise<void> {
  session.releaseSignals();
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name));
  });
  logger.info({ signal }, 'stopping');
  await stopAll(services);
  logger.info({}, 'stopped');
}

export async function stopAll(services: Stoppable[]): Promise<void> {
  await using stack = new AsyncDisposableStack();
  for (const service of services) stack.defer(() => service.stop());
}
