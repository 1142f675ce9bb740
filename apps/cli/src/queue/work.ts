/** Asks the queue for one job and follows it to its end, wherever the queue is. */
import { BackupError, displayPath, toBackupError, toBytePath } from '@gofr-backup/model';
import type { EnqueuedJob, JobName, PayloadInput, Result } from '@gofr-backup/queue';
import { keepingService, type KeepingSession, reachQueue } from './reach-queue.ts';
import type { ReachedQueue } from './reached-queue.ts';
import { remembered } from '../remember.ts';
import type { Session } from '../session.ts';

/** Enqueues and follows. Ctrl-C cancels the job and waits for it to have ended. */
export async function perform<Name extends JobName>(
  session: Session,
  name: Name,
  payload: PayloadInput<Name>,
): Promise<{ jobId: string; result: Result<Name> }> {
  const { queueOf } = await import('@gofr-backup/queue/jobs');
  return keepingService(session, async (keeping) => {
    await using reached = await reachQueue(keeping, queueOf(name));
    await noteWaiting(session, reached);
    return await performOn(reached, session, name, payload);
  });
}

/**
 * For recovery, which must not depend on Redis. The job goes through the queue when the queue can be reached and a
 * worker is there. Otherwise, and with `here`, the work is done in this process, under the same lock.
 */
export async function performOrFallBack<Name extends JobName>(
  session: Session,
  name: Name,
  payload: PayloadInput<Name>,
  options: { here: boolean; inProcess: () => Promise<Result<Name>> },
): Promise<Result<Name>> {
  return keepingService(session, async (keeping) => {
    const found = options.here ? undefined : await reachOrSay(keeping, name, payload);
    if (found === undefined)
      return remembered(session, name, payload, options.inProcess).finally(() => session.screen.clear());
    await using reached = found;
    return (await performOn(reached, session, name, payload)).result;
  });
}

async function reachOrSay<Name extends JobName>(
  session: KeepingSession,
  name: Name,
  payload: PayloadInput<Name>,
): Promise<ReachedQueue | undefined> {
  const goOn = (reason: string): undefined =>
    void session.note(`${reason}; going on without it, in this process`);
  try {
    const { queueOf } = await import('@gofr-backup/queue/jobs');
    const reached = await reachQueue(session, queueOf(name));
    const against = await reasonAgainst(session, reached, name, payload);
    if (against === undefined) return reached;
    await reached[Symbol.asyncDispose]();
    return goOn(against);
  } catch (error) {
    return goOn(toBackupError(error, 'reaching the queue').message);
  }
}

/** Why this queue would not do the work. */
async function reasonAgainst<Name extends JobName>(
  { settings }: Session,
  reached: ReachedQueue,
  name: Name,
  payload: PayloadInput<Name>,
): Promise<string | undefined> {
  if (reached.own) return undefined;
  const { hasWorker, isPaused } = await stateOf(reached);
  if (!hasWorker) return 'no worker is connected to the queue';
  if (isPaused) return 'the queue is paused';
  const { isBelowAny, parsePayload, withoutSignature } = await import('@gofr-backup/queue');
  const asked = parsePayload(name, payload);
  if ('to' in asked && asked.to !== undefined && !(await isBelowAny(asked.to, settings.restoreRoots)))
    return `${displayPath(toBytePath(asked.to))} is not in RESTORE_ROOTS, so it is not reached through the queue`;
  if (withoutSignature(name, asked) !== undefined) return undefined;
  const key = await reached.queue.key().catch((error: unknown) => toBackupError(error, 'reading the key'));
  if (key instanceof BackupError) return `${key.message} (${key.why})`;
  return key === undefined ? 'there is no key here to sign the request for the queue' : undefined;
}

/** Why a job that is added now does not begin; it is not refused, because both may be over in a moment. */
export async function noteWaiting(session: Session, reached: ReachedQueue): Promise<void> {
  if (reached.own) return;
  const { hasWorker, isPaused } = await stateOf(reached);
  if (!hasWorker) session.note('no worker is connected to the queue; waiting for one');
  if (isPaused)
    session.note(
      'the queue is paused, so the job waits until it is resumed: gofr-backup resume, or the button on the page',
    );
}

async function stateOf({ queue }: ReachedQueue): Promise<{ hasWorker: boolean; isPaused: boolean }> {
  const { queueStatus } = await import('@gofr-backup/queue');
  const { workers, paused } = await queueStatus(queue);
  return { hasWorker: workers > 0, isPaused: paused.includes(queue.kind) };
}

async function performOn<Name extends JobName>(
  { queue, own, ended }: ReachedQueue,
  session: Session,
  name: Name,
  payload: PayloadInput<Name>,
): Promise<{ jobId: string; result: Result<Name> }> {
  const { enqueue } = await import('@gofr-backup/queue');
  // A person watches: the first failure ends a job of a queue of this command's own, and a copy, which would wait for hours.
  const job = await enqueue(queue, name, payload, own || name === 'copy' ? { attempts: 1 } : {});
  if (job.joined) session.note(`joining ${job.id}, which was asked for before`);
  return { jobId: job.id, result: await followToEnd(session, job, ended) };
}

async function followToEnd<Name extends JobName>(
  session: Session,
  job: EnqueuedJob<Name>,
  ended?: AbortSignal,
): Promise<Result<Name>> {
  const { cancel, follow } = await import('@gofr-backup/queue');
  const unheard = new AbortController();
  const giveUp = (): void => {
    cancel(job.queue, job.id, 'from the command line').catch((error: unknown) => {
      session.logger.warn({ error }, 'the job could not be cancelled');
      unheard.abort();
    });
  };
  if (session.signal.aborted) giveUp();
  session.signal.addEventListener('abort', giveUp, { once: true });
  try {
    return await follow(job, { onProgress: session.progress, signal: unheard.signal, ended });
  } finally {
    session.signal.removeEventListener('abort', giveUp);
    session.screen.clear();
  }
}
