/** The worker as its own process, for tests that kill it: taken for dead after a second instead of thirty. */
import { loadSettings } from '@gofr-backup/config';
import { runService } from '@gofr-backup/queue';
import { start } from './start.ts';

await runService('worker', loadSettings, (settings, options) =>
  start(settings, { ...options, lockDuration: 1000 }),
);
