/** The scheduler as a process of its own. */
import { loadSettings } from '@gofr-backup/config';
import { runService } from '@gofr-backup/queue';
import { start } from './start.ts';

await runService('scheduler', loadSettings, start);
