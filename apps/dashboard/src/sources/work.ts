/** The queue as the pages need it: every question is answered within a moment, or not at all. */
import { BackupError, toBackupError } from '@gofr-backup/model';
import {
  type BackupQueue,
  cancel,
  enqueue,
  findJob,
  jobLogs,
  type JobName,
  type JobSummary,
  listJobs,
  type PayloadInput,
  type QueueStatus,
  queueStatus,
  readReport,
  type WorkerReport,
} from '@gofr-backup/queue';
import type { JobView } from '../view/job.ts';

/** How long a page waits for Redis, because a queue waits without end; milliseconds. */
const PATIENCE = 1500;
const LOG_LINES = 500;

export interface Work {
  /** newest first; undefined: Redis does not answer */
  recent(): Promise<JobView[] | undefined>;
  find(id: string): Promise<JobView | undefined>;
  log(id: string): Promise<string[]>;
  status(): Promise<QueueStatus | undefined>;
  /** what the worker said last */
  report(): Promise<WorkerReport | undefined>;
  /** throws REDIS_UNREACHABLE, USAGE */
  ask<Name extends JobName>(
    name: Name,
    payload: PayloadInput<Name>,
  ): Promise<{ id: string; joined: boolean }>;
  cancel(id: string): Promise<void>;
}

export function workOf(current: () => BackupQueue | undefined): Work {
  const inTime = <T>(ask: (queue: BackupQueue) => Promise<T>): Promise<T> => withinPatience(current(), ask);
  const orNothing = <T>(ask: (queue: BackupQueue) => Promise<T>): Promise<T | undefined> =>
    inTime(ask).catch(() => undefined);
  return {
    recent: () => orNothing(async (queue) => (await listJobs(queue)).map(viewOf)),
    find: (id) =>
      inTime(async (queue) => {
        const job = await findJob(queue, id);
        return job && viewOf(job);
      }),
    log: (id) => inTime((queue) => jobLogs(queue, id, -LOG_LINES)),
    status: () => orNothing(queueStatus),
    report: () => orNothing((queue) => readReport(queue.connection, queue.project)),
    ask: (name, payload) => inTime((queue) => enqueue(queue, name, payload)),
    cancel: async (id) => {
      await inTime((queue) => cancel(queue, id, 'from the page'));
    },
  };
}

async function withinPatience<T>(
  queue: BackupQueue | undefined,
  ask: (queue: BackupQueue) => Promise<T>,
): Promise<T> {
  if (queue === undefined) {
    throw new BackupError('REDIS_UNREACHABLE', 'There is no queue', {
      why: 'REDIS_URL is unset, and no `gofr-backup serve` runs on this backup directory',
      hint: 'Start `gofr-backup serve`.',
    });
  }
  const silent = (why: string) =>
    new BackupError('REDIS_UNREACHABLE', `Redis at ${queue.connection.address} does not answer`, { why });
  if (queue.connection.client.status !== 'ready') throw silent('there is no connection to it');
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(silent(`no answer within ${PATIENCE / 1000} seconds`)), PATIENCE);
  });
  try {
    return await Promise.race([ask(queue), tooLate]);
  } catch (thrown) {
    throw toBackupError(thrown, 'Asking the queue');
  } finally {
    clearTimeout(timer);
  }
}

function viewOf(job: JobSummary): JobView {
  const { id, name, state, progress, error, started, finished } = job;
  const payload: Record<string, unknown> =
    typeof job.payload === 'object' && job.payload !== null ? { ...job.payload } : {};
  const open = finished === undefined;
  return {
    ...{ id, name, state, payload, askedAt: job.created, attempts: job.attempt },
    trigger: job.scheduled
      ? 'schedule'
      : typeof payload['trigger'] === 'string'
        ? payload['trigger']
        : undefined,
    ...(started !== undefined && { startedAt: started }),
    ...(finished !== undefined && { finishedAt: finished }),
    ...(progress && open && { progress }),
    ...(error && {
      failure: [error.message, error.why, error.hint].filter(Boolean).join('\n'),
      cancelled: error.code === 'CANCELLED',
    }),
    ...(job.result !== undefined && { result: job.result }),
  };
}
