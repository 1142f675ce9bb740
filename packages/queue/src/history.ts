/** The jobs of a queue, present and past, for `status`, `logs` and the dashboard. */
import type { Job, JobState } from 'bullmq';
import { askRedis } from './connection.ts';
import { decodeFailure } from './failure.ts';
import { evictionPolicy } from './redis/eviction.ts';
import { isProgress } from './follow.ts';
import type { QueueKind } from './jobs/contract.ts';
import { brief, type JobStateName, type JobSummary, newestFirst } from './job-summary.ts';
import { foundResult } from './jobs/finding.ts';
import { pausedQueues } from './paused.ts';
import type { BackupQueue } from './queue.ts';
import { partsOf } from './requests/judge.ts';

export interface QueueStatus {
  /** milliseconds since the epoch; one for each schedule, soonest first */
  next: { schedule: string; job: string; at: number; pattern: string; timezone: string }[];
  counts: Record<JobStateName, number>;
  /** worker processes connected now */
  workers: number;
  /** the policy by which Redis throws jobs away when its memory is full */
  evicts: string | undefined;
  /** queues of the project whose jobs do not begin */
  paused: QueueKind[];
  /** records in Redis that were left out because they cannot be used */
  unusable: { record: string; reason: string }[];
}

const STATES: readonly JobStateName[] = ['active', 'waiting', 'delayed', 'completed', 'failed'];

/** Newest first; schedules' next runs are left out (see `queueStatus`). */
export async function listJobs(
  queue: BackupQueue,
  options: { limit?: number; states?: readonly JobStateName[] } = {},
): Promise<JobSummary[]> {
  const { limit = 50, states = STATES } = options;
  return askRedis(queue.connection, async () => {
    const found = await Promise.all(
      states.map(async (state) => {
        const jobs = (await queue.bull.getJobs([state], 0, limit - 1, false)) as (Job | undefined)[];
        return jobs.filter((job) => job !== undefined).map((job) => summaryOf(job, state));
      }),
    );
    return found
      .flat()
      .filter((job) => !(job.scheduled && job.state === 'delayed' && job.attempt === 0))
      .toSorted(newestFirst)
      .slice(0, limit);
  });
}

/** Undefined when the queue does not know it (any more). */
export async function findJob(queue: BackupQueue, id: string): Promise<JobSummary | undefined> {
  return askRedis(queue.connection, async () => {
    const job = (await queue.bull.getJob(id)) as Job | undefined;
    return job && summaryOf(job, stateName(await queue.bull.getJobState(id)));
  });
}

/** The lines from the `start`-th on. */
export async function jobLogs(queue: BackupQueue, id: string, start = 0): Promise<string[]> {
  return askRedis(queue.connection, async () => (await queue.bull.getJobLogs(id, start)).logs);
}

export async function queueStatus(queue: BackupQueue): Promise<QueueStatus> {
  return askRedis(queue.connection, async () => {
    const [schedulers, counts, workers, paused, evicts] = await Promise.all([
      queue.bull.getJobSchedulers(),
      queue.bull.getJobCounts(...STATES),
      queue.bull.getWorkersCount(),
      pausedQueues(queue.project, queue.connection),
      evictionPolicy(queue.connection),
    ]);
    const next = schedulers.map(({ key, name, next: at, pattern, tz }) => ({
      schedule: key,
      job: name,
      at: at ?? 0,
      pattern: pattern ?? '',
      timezone: tz ?? 'UTC',
    }));
    return {
      next: next.toSorted((a, b) => a.at - b.at),
      counts: Object.fromEntries(STATES.map((state) => [state, counts[state] ?? 0])) as QueueStatus['counts'],
      workers,
      paused,
      evicts,
      unusable: [...queue.bull.faults].map(([record, reason]) => ({ record, reason })),
    };
  });
}

function stateName(state: JobState | 'unknown'): JobStateName {
  return STATES.find((known) => known === state) ?? 'waiting';
}

/** The job as it is known now, without another question to Redis. */
export function summaryOf(job: Job, state: JobStateName): JobSummary {
  const failed = job.failedReason && state !== 'completed' ? decodeFailure(job.failedReason) : undefined;
  const result: unknown = state === 'completed' ? job.returnvalue : failed && foundResult(job.name, job.data);
  return {
    id: job.id ?? '',
    name: job.name,
    state,
    payload: partsOf(job.data).payload,
    scheduled: job.repeatJobKey !== undefined,
    attempt: job.attemptsStarted,
    created: job.timestamp,
    ...(job.processedOn === undefined ? {} : { started: job.processedOn }),
    ...(job.finishedOn === undefined ? {} : { finished: job.finishedOn }),
    ...(state === 'delayed' ? { due: job.timestamp + job.delay } : {}),
    ...(isProgress(job.progress) ? { progress: job.progress } : {}),
    ...(result === undefined ? {} : { result }),
    ...(failed
      ? {
          error: {
            code: failed.code,
            ...brief({ message: failed.message, why: failed.why, hint: failed.hint }),
          },
        }
      : {}),
  };
}
