/** A worker for threads.test.ts. */
import { getPriority } from 'node:os';
import { BackupError } from '@gofr-backup/model';
import { serveJobs } from './threads.ts';

export type TestJob = 'answer' | 'throw' | 'errno' | 'refuse' | 'die' | 'priority';

serveJobs<number, TestJob, number>((shared) => (job) => {
  if (job === 'throw') throw new Error('as told');
  if (job === 'errno') throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
  if (job === 'refuse')
    throw new BackupError('ARCHIVE_DAMAGED', 'broken', { why: 'as told', details: { n: 1 } });
  if (job === 'die') process.exit(1);
  return { result: job === 'priority' ? getPriority() : shared };
});
