import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from 'bullmq';
import * as z from 'zod';
import { BackupError, type ProgressEvent } from '@gofr-backup/model';
import { askRedis } from './connection.ts';
import type { EnqueuedJob } from './enqueue.ts';
import { decodeFailure } from './failure.ts';
import { foundResult } from './jobs/finding.ts';
import { JOBS, type JobName, type Result } from './jobs/index.ts';
import { KEY_PREFIX } from './queue.ts';
import { writeCheck } from './redis/refused.ts';

export interface FollowOptions {
  onProgress?: (event: ProgressEvent) => void;
  /** one line of the job's log, as `logLine` writes it */
  onLog?: (line: string) => void;
  /** Stops following (CANCELLED); the job goes on. */
  signal?: AbortSignal;
  /** ms between two questions */
  interval?: number;
  /** Aborted when the caller knows that the job has ended: the next question is asked at once. */
  ended?: AbortSignal | undefined;
}

/**
 * Resolves to the job's result, also when it failed by what it found, or throws the BackupError it failed with; REDIS_UNREACHABLE when Redis dies meanwhile
 * (`command` mode), REDIS_REFUSES, DISK_FULL or IO when Redis takes no writes any more, so that no job could end. It polls instead of listening, so that nothing is missed when a connection is lost.
 */
export async function follow<Name extends JobName>(
  { id, name, queue }: EnqueuedJob<Name>,
  options: FollowOptions = {},
): Promise<Result<Name>> {
  const { onProgress, onLog, signal } = options;
  const pause = pauseOf(options);
  const assertWrites = writeCheck(queue.connection, `${KEY_PREFIX}:${queue.bull.name}:probe`);
  let linesSeen = 0;
  let lastProgress = '';
  for (;;) {
    if (signal?.aborted)
      throw new BackupError('CANCELLED', `No longer following ${id}`, { hint: 'The job goes on.' });
    const { job, lines } = await askRedis(queue.connection, async () => ({
      job: (await queue.bull.getJob(id)) as Job | undefined,
      lines: onLog ? (await queue.bull.getJobLogs(id, linesSeen)).logs : [],
    }));
    linesSeen += lines.length;
    for (const line of lines) onLog?.(line);
    if (!job) throw new BackupError('CANCELLED', `The ${name} was removed from the queue before it began`);
    const progress = JSON.stringify(job.progress);
    if (progress !== lastProgress && isProgress(job.progress)) onProgress?.(job.progress);
    lastProgress = progress;
    if (job.finishedOn) return await outcome(job, name, queue);
    await assertWrites();
    await pause();
  }
}

/** A sign that the job has ended shortens a single pause, for it may be wrong. */
function pauseOf({ interval = 150, ended }: FollowOptions): () => Promise<void> {
  let isTold = false;
  return async () => {
    if (isTold || ended === undefined) return sleep(interval);
    await sleep(interval, undefined, { signal: ended }).catch(() => (isTold = true));
  };
}

async function outcome<Name extends JobName>(
  job: Job,
  name: Name,
  queue: EnqueuedJob['queue'],
): Promise<Result<Name>> {
  if (!(await askRedis(queue.connection, () => job.isCompleted()))) {
    const found = foundResult(name, job.data);
    if (found === undefined) throw decodeFailure(job.failedReason);
    return found as Result<Name>;
  }
  const parsed = JOBS[name].result.safeParse(job.returnvalue);
  if (parsed.success) return parsed.data as Result<Name>;
  throw new BackupError('FAILED', `The worker answered a ${name} in a form this version does not know`, {
    why: z.prettifyError(parsed.error),
    hint: 'The job itself ended well; run the same version here and in the worker.',
  });
}

const count = z.number().nonnegative();
const progressSchema = z.object({
  phase: z.string().regex(/^[a-z-]{1,30}$/),
  bytes: count,
  totalBytes: count.optional(),
  estimatedBytes: count.optional(),
  files: count,
  totalFiles: count.optional(),
});

export const isProgress = (value: unknown): value is ProgressEvent => progressSchema.safeParse(value).success;
