/** The scheduler as a process of its own. */
import { runService } from '@gofr-backup/queue';
import { loadSettings } from '@gofr-backup/config';
import { start } from './start.ts';

await runService('scheduler', loadSettings, start);
