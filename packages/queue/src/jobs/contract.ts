/** The contract of a job. Each job has one file under jobs/, which asker and worker share. */
import type { BackupError } from '@gofr-backup/model';
import type * as z from 'zod';

/** Waits `delay` ms before the second attempt, doubling; up to the share `jitter` of it is taken off at random. */
export interface Backoff {
  type: 'exponential';
  delay: number;
  jitter: number;
}

/** `backup`: the operations on the backup directory, one at a time. `copies`: to stores; these may take hours. */
export const QUEUE_KINDS = ['backup', 'copies'] as const;
export type QueueKind = (typeof QUEUE_KINDS)[number];

export interface JobContract<Name extends string, Payload extends z.ZodObject, Result extends z.ZodType> {
  /** A verb; permanent, because queued jobs outlive deployments. */
  name: Name;
  /** New fields are optional for the same reason. Never a secret: payloads are shown by dashboards. */
  payload: Payload;
  result: Result;
  /** default: backup */
  queue?: QueueKind;
  /** how often it is tried in all when it fails with a retryable error */
  attempts: number;
  backoff: Backoff;
  /** ms a job waits for another operation to give up the lock before it fails as BUSY */
  patience(payload: z.output<Payload>): number;
  /**
   * true: not taken up again when its worker died. By the time a worker is back, the request may be wrong. The next
   * operation settles the leftovers anyway.
   */
  endsWithItsWorker?: true;
  /**
   * What of the payload counts when nobody has signed it, because anybody who can write to Redis can have asked for
   * it; undefined: the job is refused. It may read, and add what retention takes away again.
   */
  unsigned(payload: z.output<Payload>): z.output<Payload> | undefined;
  /** The error by which the job fails although it has a result, which goes with it: what it found is no success. */
  finding?(result: z.output<Result>): BackupError | undefined;
  /** While a job of this key waits or runs, another job of the same key is not added; undefined: always added. */
  deduplicationKey(payload: z.output<Payload>): string | undefined;
}

export function defineJob<Name extends string, Payload extends z.ZodObject, Result extends z.ZodType>(
  contract: JobContract<Name, Payload, Result>,
): JobContract<Name, Payload, Result> {
  return contract;
}

export const THREE_ATTEMPTS = {
  attempts: 3,
  backoff: { type: 'exponential', delay: 10_000, jitter: 0.5 },
} as const;

const MINUTE = 60_000;
/** For a job that a person watches: it soon fails as BUSY. */
export const WATCHED = MINUTE;
/** For a job that no person watches: a restore by hand may take hours, and the run must not be lost. */
export const UNATTENDED = 6 * 60 * MINUTE;
