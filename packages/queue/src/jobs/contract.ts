/** What a job is: one contract file each under jobs/, agreed on by who asks and who works. */
import type { z } from 'zod';

/** Waits `delay` ms before the second attempt, doubling; up to the share `jitter` of it is taken off at random. */
export interface Backoff {
  type: 'exponential';
  delay: number;
  jitter: number;
}

export interface JobContract<Name extends string, Payload extends z.ZodObject, Result extends z.ZodType> {
  /** A verb; permanent, because queued jobs outlive deployments. */
  name: Name;
  /** New fields are optional for the same reason. Never a secret: payloads are shown by dashboards. */
  payload: Payload;
  result: Result;
  /** how often it is tried in all when it fails with a retryable error */
  attempts: number;
  backoff: Backoff;
  /** ms a job waits for another operation to give up the lock before it fails as BUSY */
  patience(payload: z.output<Payload>): number;
  /**
   * true: not taken up again when its worker died. What was asked then may be wrong by the time a worker is back, and
   * what the dead one left is settled by the next operation anyway.
   */
  endsWithItsWorker?: true;
  /** Jobs of the same key are one while the first waits or runs; undefined: never joined. */
  joins(payload: z.output<Payload>): string | undefined;
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
/** Somebody watches: say soon that the directory is busy. */
export const WATCHED = MINUTE;
/** Nobody watches: a restore by hand may take hours, and the run must not be lost. */
export const UNATTENDED = 6 * 60 * MINUTE;
