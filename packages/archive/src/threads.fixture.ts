/** A worker for threads.test.ts. */
import { getPriority } from 'node:os';
import { BackupError } from '@gofr-backup/model';
import { serveJobs } from './threads.ts';

export type TestJob =
  'answer' | 'throw' | 'errno' | 'refuse' | 'die' | 'priority' | 'stand still' | 'compute';

const word = new Int32Array(new SharedArrayBuffer(4));

serveJobs<number, TestJob, number>((shared) => (job) => {
  if (job === 'throw') throw new Error('as told');
  if (job === 'errno') throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
  if (job === 'refuse')
    throw new BackupError('ARCHIVE_DAMAGED', 'broken', { why: 'as told', details: { n: 1 } });
  if (job === 'die') process.exit(1);
  if (job === 'stand still') Atomics.wait(word, 0, 0, 40);
  if (job === 'compute') for (const end = performance.now() + 40; performance.now() < end;);
  return { result: job === 'priority' ? getPriority() : shared };
});
