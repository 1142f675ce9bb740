/** A process for kill-backup.test.ts: says that it begins, and makes a backup; the test kills it meanwhile. */
import { systemClock } from '@gofr-backup/model';
import { backup } from './backup.ts';
import { contextOf, planOf } from './testing.ts';

const [dataDir = '', backupDir = '', run = ''] = process.argv.slice(2);
const ctx = contextOf(planOf(dataDir, backupDir), systemClock);
process.send?.('begins');
await backup(ctx, { trigger: 'schedule', run });
process.disconnect?.();
