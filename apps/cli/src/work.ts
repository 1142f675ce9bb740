/** Asks the queue for one job and follows it to its end, wherever the queue is. */
import { BackupError } from '@gofr-backup/core';
import type { BackupQueue, EnqueuedJob, JobName, PayloadInput, Result } from '@gofr-backup/queue';
import { reachQueue } from './reach-queue.ts';
import type { Session } from './session.ts';

/** Enqueues and follows. Ctrl-C cancels the job and waits for it to have ended. */
export async function perform<Name extends JobName>(
  session: Session,
  name: Name,
  payload: PayloadInput<Name>,
): Promise<{ jobId: string; result: Result<Name> }> {
  await using reached = await reachQueue(session);
  const { enqueue } = await import('@gofr-backup/queue');
  const job = await enqueue(reached.queue, name, payload, reached.own ? { attempts: 1 } : {});
  if (job.joined) session.note(`joining ${job.id}, which was asked for before`);
  if (!reached.own) await mentionMissingWorker(session, reached.queue);
  return { jobId: job.id, result: await followToEnd(session, job) };
}

async function mentionMissingWorker(session: Session, queue: BackupQueue): Promise<void> {
  const { queueStatus } = await import('@gofr-backup/queue');
  const { workers } = await queueStatus(queue);
  if (workers === 0) session.note('no worker is connected to the queue; waiting for one');
}

async function followToEnd<Name extends JobName>(
  session: Session,
  job: EnqueuedJob<Name>,
): Promise<Result<Name>> {
  const { cancel, follow } = await import('@gofr-backup/queue');
  const giveUp = (): void => {
    cancel(job.queue, job.id, 'on the command line').catch((error: unknown) => {
      session.logger.warn({ error }, 'the job could not be cancelled');
    });
  };
  if (session.signal.aborted) giveUp();
  session.signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await follow(job, { onProgress: session.progress });
  } finally {
    session.signal.removeEventListener('abort', giveUp);
    session.screen.clear();
  }
}

const WITHOUT_REDIS = new Set(['REDIS_UNREACHABLE', 'REDIS_MISSING']);

/** For recovery: through the queue when there is one, else (and with `here`) in this process, under the same lock. */
export async function performOrFallBack<Name extends JobName>(
  session: Session,
  name: Name,
  payload: PayloadInput<Name>,
  options: { here: boolean; inProcess: () => Promise<Result<Name>> },
): Promise<Result<Name>> {
  if (!options.here) {
    try {
      return (await perform(session, name, payload)).result;
    } catch (error) {
      if (!(error instanceof BackupError && WITHOUT_REDIS.has(error.code))) throw error;
      session.note(`${error.message}; going on without it, in this process`);
    }
  }
  try {
    return await options.inProcess();
  } finally {
    session.screen.clear();
  }
}
