/** The life of a service as a process: settings, log, signals, exit code. */
import { type Logger, printable, toBackupError } from '@gofr-backup/model';
import { createLogger, type LogOptions } from './logger.ts';

interface LogSettings {
  logLevel: NonNullable<LogOptions['level']>;
  logFormat: NonNullable<LogOptions['format']>;
  noColor?: string | undefined;
  warnings: string[];
}

/**
 * Runs until SIGTERM or SIGINT, then stops cleanly with code 0; a second signal ends it at once. What keeps it from
 * starting is told in three lines on stderr, without a stack, and gives the exit code.
 */
export async function runService<Settings extends LogSettings>(
  name: string,
  load: () => Settings,
  start: (settings: Settings, options: { logger: Logger }) => Promise<{ stop(): Promise<void> }>,
): Promise<void> {
  try {
    const settings = load();
    const { logLevel: level, logFormat: format, noColor, warnings } = settings;
    const logger = createLogger({
      service: name,
      level,
      format,
      ...(noColor === undefined ? {} : { color: false }),
    });
    for (const warning of warnings) logger.warn({}, warning);
    const signalled = firstSignal();
    const service = await start(settings, { logger });
    const signal = await signalled;
    logger.info({ signal }, 'stopping');
    await service.stop();
    logger.info({}, 'stopped');
    process.exit(0);
  } catch (thrown) {
    const error = toBackupError(thrown, `Starting the ${name}`);
    process.stderr.write(printable(`${[error.message, error.why, error.hint].filter(Boolean).join('\n')}\n`));
    process.exit(error.exit);
  }
}

function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve(signal));
  });
}
