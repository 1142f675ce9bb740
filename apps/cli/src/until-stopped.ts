import type { Logger } from '@gofr-backup/model';
import { createLogger } from '@gofr-backup/queue';
import type { Session } from './session.ts';

/** The log of a service goes to stdout; its settings decide how it looks. */
export function serviceLogger({ settings }: Session, service: string): Logger {
  const { logLevel: level, logFormat: format, noColor } = settings;
  return createLogger({ service, level, format, ...(noColor === undefined ? {} : { color: false }) });
}

/** Resolves at the first SIGTERM or SIGINT; a second one then ends the process the hard way. */
export async function untilStopped(session: Session, logger: Logger): Promise<void> {
  session.releaseSignals();
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name));
  });
  logger.info({ signal }, 'stopping');
}
