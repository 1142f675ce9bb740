import type { Logger } from '@gofr-backup/model';
import { createLogger } from '@gofr-backup/queue';
import type { Session } from './session.ts';

/** The log of a service goes to stdout; its settings decide how it looks. */
export function serviceLogger({ settings }: Session, service: string): Logger {
  const { logLevel: level, logFormat: format, noColor } = settings;
  return createLogger({ service, level, format, ...(noColor === undefined ? {} : { color: false }) });
}

/**
 * Resolves at the first SIGTERM or SIGINT from now on; a second one then ends the process the hard way. Called before
 * anything is started, so that a signal during the start is not lost.
 */
export async function untilStopped(session: Session, logger: Logger): Promise<void> {
  const signalled = new Promise<NodeJS.Signals>((resolve) => {
    for (const name of ['SIGTERM', 'SIGINT'] as const) process.once(name, () => resolve(name));
  });
  // Afterwards: without a listener for a moment, Node would drop a signal that waits for its turn.
  session.releaseSignals();
  // it came while the command was loaded
  const signal = session.signal.aborted ? 'SIGTERM' : await signalled;
  logger.info({ signal }, 'stopping');
}
