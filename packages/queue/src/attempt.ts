/** One attempt at one job: parse, run, and say how it goes on when it fails. */
import { randomInt } from 'node:crypto';
import { DelayedError, UnrecoverableError, WaitingError, type Job } from 'bullmq';
import * as z from 'zod';
import { BackupError, type Clock, type Logger, type ProgressEvent, toBackupError } from '@gofr-backup/model';
import { encodeFailure } from './failure.ts';
import { jobLog } from './job-log.ts';
import {
  JOBS,
  type JobName,
  type Payload,
  type Processor,
  type Processors,
  type QueueKind,
  queueOf,
  type Result,
} from './jobs/index.ts';
import { findingOf, OUTCOME } from './jobs/finding.ts';
import { parsePayload } from './jobs/payload.ts';
import { faultOfJob } from './records/fault.ts';
import type { Judge } from './requests/judge.ts';
import { secondLife } from './requests/refusals.ts';
import { throttleProgress } from './timing/throttle.ts';

/** Why an attempt is aborted: the `why` of the error that its signal carries. */
export const STOPPING = 'the worker stops';
export const LOCK_LOST = 'the job was taken for dead and given to another worker';
export const CANCELLED = 'it was cancelled';

/** The reason for an abort signal: code that throws the signal's reason then throws this error. */
export const abortReason = (why: string): BackupError =>
  new BackupError('CANCELLED', 'The job was cancelled', { why });

export interface Attempting {
  project: string;
  kind: QueueKind;
  processors: Processors;
  judge: Judge;
  logger: Logger;
  clock: Clock;
}

/** The fields of a job's data beside its payload. */
interface Bookkeeping {
  /** milliseconds since the epoch: since when it waits for the lock */
  busySince?: number;
  /** the result of a job that failed by what it found */
  [OUTCOME]?: unknown;
}

/** Answers the result, or throws what makes BullMQ fail, retry, delay or give back the job. */
export async function attempt(
  job: Job,
  token: string,
  signal: AbortSignal,
  { project, kind, processors, judge, logger, clock }: Attempting,
): Promise<unknown> {
  const context = { project, job: job.name, jobId: job.id, attempt: job.attemptsMade + 1 };
  const log = jobLog(job, logger, context, clock);
  const began = clock.monotonic();
  logger.info(context, 'job begins');
  const progress = throttleProgress((event: ProgressEvent) => job.updateProgress(event));
  try {
    refuseFaulty(job);
    const name = nameOf(job);
    refuseElsewhere(name, kind);
    refuseSecondLife(job, name);
    const { payload, signed } = await judge.admit({ name, id: job.id ?? '', data: job.data });
    signal.throwIfAborted();
    const result = await (processors[name] as Processor<JobName>)({
      jobId: job.id ?? '',
      attempt: job.attemptsMade + 1,
      payload,
      signed,
      logger: log.logger,
      progress: progress.report,
      signal,
      save: (next: Payload<JobName>) => saveSigned(job, name, next, judge),
    });
    const checked = checkResult(name, result);
    await failByFinding(job, name, checked, log.logger);
    logger.info({ ...context, ms: Math.round(clock.monotonic() - began) }, 'job done');
    return checked;
  } catch (thrown) {
    return await giveUpOrGoOn(job, token, signal, thrown, { log: log.logger, clock, judge });
  } finally {
    await progress.end();
    await log.flush();
  }
}

/** BullMQ itself would stumble over it later, and take the job up again and again. */
function refuseFaulty(job: Job): void {
  const fault = faultOfJob(job);
  if (fault === undefined) return;
  throw new BackupError('USAGE', 'The job cannot be used', {
    why: `as it lies in Redis, ${fault}`,
    hint: 'No version of this program writes such a job. Find out who else writes to this Redis.',
  });
}

/** What may take hours must not hold up backups. */
function refuseElsewhere(name: JobName, kind: QueueKind): void {
  if (queueOf(name) === kind) return;
  throw new BackupError('USAGE', `A ${name} job does not belong into the queue of ${kind}`, {
    why: 'no version of this program puts it there',
    hint: `Ask for it by \`gofr-backup ${name}\`.`,
  });
}

function refuseSecondLife(job: Job, name: JobName): void {
  if (job.stalledCounter > 0 && 'endsWithItsWorker' in JOBS[name]) throw secondLife(name);
}

/** Nothing is saved where it could not be signed: the next attempt then begins at the first step. */
async function saveSigned(job: Job, name: JobName, payload: Payload<JobName>, judge: Judge): Promise<void> {
  const signature = await judge.sign({ name, id: job.id ?? '', payload });
  if (signature === undefined) return;
  const { busySince } = job.data as Bookkeeping;
  await job.updateData({ ...payload, signature, ...(busySince === undefined ? {} : { busySince }) });
}

function nameOf(job: Job): JobName {
  if (!Object.hasOwn(JOBS, job.name)) {
    throw new BackupError('USAGE', `No job is called ${job.name}`, {
      hint: `Jobs are ${Object.keys(JOBS).join(', ')}; was it queued by a newer version?`,
    });
  }
  return job.name as JobName;
}

/**
 * Checks a result against the contract. A wrong result means that the versions of asker and worker disagree, so a
 * retry would not help.
 */
function checkResult(name: JobName, result: Result<JobName>): Result<JobName> {
  const parsed = JOBS[name].result.safeParse(result);
  if (parsed.success) return parsed.data;
  throw new UnrecoverableError(
    encodeFailure(
      new BackupError('FAILED', `The ${name} job's result breaks its contract`, {
        why: z.prettifyError(parsed.error),
      }),
    ),
  );
}

/** A verify or a drill that found damage is a failed job. Nothing is tried again: it would find the same. */
async function failByFinding(job: Job, name: JobName, result: Result<JobName>, log: Logger): Promise<void> {
  const error = findingOf(name, result);
  if (error === undefined) return;
  await job.updateData({ ...(job.data as object), [OUTCOME]: result });
  log.error({ code: error.code, reason: error.why, error: error.message }, 'job failed');
  throw failure(error, false);
}

async function giveUpOrGoOn(
  job: Job,
  token: string,
  signal: AbortSignal,
  thrown: unknown,
  { log, clock, judge }: { log: Logger; clock: Clock; judge: Judge },
): Promise<never> {
  if (thrown instanceof UnrecoverableError) throw thrown;
  const error = toBackupError(thrown, job.name);
  const facts = { code: error.code, reason: error.why, error: error.message };
  if (signal.aborted) {
    const { why } = signal.reason as BackupError;
    if (why !== STOPPING)
      throw failure(new BackupError('CANCELLED', `The ${job.name} was cancelled`, { why }), false);
    log.warn({}, 'job given back, the worker stops');
    await judge.release(job.id ?? '');
    await job.moveToWait(token);
    throw new WaitingError();
  }
  const patience = error.code === 'BUSY' ? leftOfPatience(job, clock.now()) : 0;
  if (patience > 0) await waitForLock(job, token, facts, { log, clock, judge });
  const again = error.code !== 'BUSY' && error.retryable && job.attemptsMade + 1 < (job.opts.attempts ?? 1);
  if (again) await judge.release(job.id ?? '');
  log[again ? 'warn' : 'error'](facts, again ? 'job failed, will be tried again' : 'job failed');
  throw failure(error, again);
}

/** The one place where an error becomes a retry or an end. */
function failure(error: BackupError, again: boolean): Error {
  const failed = again ? new Error(encodeFailure(error)) : new UnrecoverableError(encodeFailure(error));
  if (error.stack) failed.stack = error.stack;
  return failed;
}

const busySinceOf = (job: Job, now: number): number =>
  Math.min((job.data as Bookkeeping).busySince ?? now, now);

function leftOfPatience(job: Job, now: number): number {
  const name = nameOf(job);
  const payload = parsePayload(name, job.data);
  const patience = (JOBS[name].patience as (payload: Payload<JobName>) => number)(payload);
  return busySinceOf(job, now) + patience - now;
}

const SOONEST = 1000;
const LATEST = 60_000;

/** Delays the job by half the time it has waited already. This is no attempt, because nothing failed. */
async function waitForLock(
  job: Job,
  token: string,
  facts: object,
  { log, clock, judge }: { log: Logger; clock: Clock; judge: Judge },
): Promise<never> {
  const now = clock.now();
  const since = busySinceOf(job, now);
  const pause = Math.min(Math.max((now - since) / 2, SOONEST), LATEST) + randomInt(500);
  log.info({ ...facts, seconds: Math.ceil(pause / 1000) }, 'backup directory is busy, job waits');
  await job.updateData({ ...(job.data as object), busySince: since });
  await judge.release(job.id ?? '');
  await job.moveToDelayed(now + pause, token);
  throw new DelayedError();
}
