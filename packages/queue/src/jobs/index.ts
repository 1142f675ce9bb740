import type * as z from 'zod';

import type { Logger, Progress } from '@gofr-backup/model';
import { backup } from './backup.ts';
import type { QueueKind } from './contract.ts';
import { copy } from './copy.ts';
import { drill } from './drill.ts';
import { prune } from './prune.ts';
import { restore } from './restore.ts';
import { undelete } from './undelete.ts';
import { verify } from './verify.ts';

export const JOBS = { backup, verify, prune, restore, drill, copy, undelete } as const;

export type JobName = keyof typeof JOBS;
export const JOB_NAMES = Object.keys(JOBS) as JobName[];

/** The queue that jobs of this name wait in. */
export const queueOf = (name: JobName): QueueKind => ('queue' in JOBS[name] ? JOBS[name].queue : 'backup');
/** By a job's id, which begins with its name; of another id: the queue of backups. */
export function queueOfId(id: string): QueueKind {
  const name = JOB_NAMES.find((one) => id.startsWith(`${one}-`));
  return name === undefined ? 'backup' : queueOf(name);
}
export { QUEUE_KINDS, type QueueKind } from './contract.ts';

/** The payload that an asker writes; defaults are filled in. */
export type PayloadInput<Name extends JobName> = z.input<(typeof JOBS)[Name]['payload']>;
export type Payload<Name extends JobName> = z.output<(typeof JOBS)[Name]['payload']>;
export type Result<Name extends JobName> = z.output<(typeof JOBS)[Name]['result']>;

/** One attempt at one job, as its processor sees it. */
export interface Run<Name extends JobName> {
  jobId: string;
  /** 1 for the first */
  attempt: number;
  payload: Payload<Name>;
  /** false: anybody who can write to Redis can have asked for it */
  signed: boolean;
  /** Writes to the service's log and to the job's own, with project, job, jobId and attempt. */
  logger: Logger;
  /** Shown by `follow`; called as often as one likes. */
  progress: Progress;
  /** Aborted on cancellation, on a lost queue lock and when the worker stops. */
  signal: AbortSignal;
  /** Replaces the payload for the next attempt, e.g. with the step to go on at. */
  save(payload: Payload<Name>): Promise<void>;
}

export type Processor<Name extends JobName> = (run: Run<Name>) => Promise<Result<Name>>;
/** One for every contract: a missing or a misnamed one, or a wrong result, does not compile. */
export type Processors = { [Name in JobName]: Processor<Name> };
