/** The dashboard as a process of its own. `--hash-password` reads a password from standard input instead. */
import { text } from 'node:stream/consumers';
import { loadSettings } from '@gofr-backup/config';
import { printable, toBackupError } from '@gofr-backup/model';
import { beatHeart, createLogger } from '@gofr-backup/queue';
import { hashLine, start } from './index.ts';

if (process.argv.includes('--hash-password')) {
  process.stdout.write(`${await hashLine((await text(process.stdin)).replace(/\r?\n$/, ''))}\n`);
} else {
  await serve();
}

async function serve(): Promise<void> {
  try {
    const settings = loadSettings();
    const logger = createLogger({
      service: 'dashboard',
      level: settings.logLevel,
      format: settings.logFormat,
    });
    for (const warning of settings.warnings) logger.warn({}, warning);
    const dashboard = await start(settings, { logger });
    const heart = beatHeart('dashboard', { logger });
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      process.once(signal, () => {
        heart.stop();
        void dashboard.stop().then(() => process.exit(0));
      });
    }
  } catch (thrown) {
    const error = toBackupError(thrown, 'Starting the dashboard');
    process.stderr.write(printable(`${[error.message, error.why, error.hint].filter(Boolean).join('\n')}\n`));
    process.exitCode = error.exit;
  }
}
