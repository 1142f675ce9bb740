/** The queues as the pages need them: every question is answered within a moment, or not at all. */
import { type Acknowledgement, BackupError, type OpenAlert, toBackupError } from '@gofr-backup/model';
import {
  acknowledge,
  cancel,
  enqueue,
  findJob,
  jobLogs,
  type JobName,
  type JobSummary,
  type JobsPlace,
  listJobs,
  newestFirst,
  openAlerts,
  pastJobs,
  type PayloadInput,
  queueOf,
  queueOfId,
  type QueueStatus,
  queueStatus,
  readReport,
  resumeQueues,
  withPastJobs,
  type WorkerReport,
} from '@gofr-backup/queue';
import type { JobView } from '../view/job.ts';
import type { Queues } from './link.ts';

/** How long a page waits for Redis, because a queue waits without end; milliseconds. */
const PATIENCE = 1500;
const LOG_LINES = 500;

export interface Work {
  /** of both queues, newest first, as often as somebody asks; undefined: Redis does not answer */
  queued(): Promise<JobView[] | undefined>;
  /** the same, with those that Redis does not know (any more) */
  recent(): Promise<JobView[] | undefined>;
  /** those that have ended, as the state directory remembers them, newest first */
  past(): Promise<JobView[]>;
  find(id: string): Promise<JobView | undefined>;
  log(id: string): Promise<string[]>;
  /** of the queue of backups, with the jobs of both counted */
  status(): Promise<QueueStatus | undefined>;
  /** what the worker said last */
  report(): Promise<WorkerReport | undefined>;
  /** that are not over, newest first */
  alerts(): Promise<OpenAlert[]>;
  /** throws NO_SUCH_ALERT, REDIS_UNREACHABLE */
  acknowledge(id: string, by: Acknowledgement): Promise<OpenAlert>;
  /** throws REDIS_UNREACHABLE, USAGE */
  ask<Name extends JobName>(
    name: Name,
    payload: PayloadInput<Name>,
  ): Promise<{ id: string; joined: boolean }>;
  cancel(id: string): Promise<void>;
  /** lets the jobs of paused queues begin */
  resume(): Promise<void>;
}

export function workOf(current: () => Queues | undefined, place: JobsPlace): Work {
  const inTime = <T>(ask: (queues: Queues) => Promise<T>): Promise<T> => withinPatience(current(), ask);
  const orNothing = <T>(ask: (queues: Queues) => Promise<T>): Promise<T | undefined> =>
    inTime(ask).catch(() => undefined);
  return {
    queued: () => orNothing(async (queues) => (await jobsOf(queues)).map(viewOf)),
    recent: () =>
      orNothing(async (queues) => (await withPastJobs(place, await jobsOf(queues), MOST_JOBS)).map(viewOf)),
    past: async () => (await pastJobs(place)).slice(0, MOST_JOBS).map(viewOf),
    async find(id) {
      const past = (await pastJobs(place)).find((job) => job.id === id);
      const known = inTime((queues) => findJob(queues[queueOfId(id)], id));
      const job = (await (past ? known.catch(() => past) : known)) ?? past;
      return job && viewOf(job);
    },
    log: async (id) => (await orNothing((queues) => jobLogs(queues[queueOfId(id)], id, -LOG_LINES))) ?? [],
    status: () => orNothing(statusOf),
    report: () => orNothing(({ backup }) => readReport(backup.connection, backup.project)),
    alerts: async () =>
      (await orNothing(({ backup }) => openAlerts(backup.connection, backup.project))) ?? [],
    acknowledge: (id, by) => inTime(({ backup }) => acknowledge(backup.connection, backup.project, id, by)),
    ask: (name, payload) => inTime((queues) => enqueue(queues[queueOf(name)], name, payload)),
    cancel: async (id) => {
      await inTime((queues) => cancel(queues[queueOfId(id)], id, 'from the page'));
    },
    resume: async () => {
      await inTime(({ backup }) => resumeQueues(backup.project, backup.connection));
    },
  };
}

/** The jobs of one queue may fill its share; so many are shown in all. */
const MOST_JOBS = 50;

async function jobsOf({ backup, copies }: Queues): Promise<JobSummary[]> {
  const all = await Promise.all([backup, copies].map((queue) => listJobs(queue, { limit: MOST_JOBS })));
  return all.flat().toSorted(newestFirst).slice(0, MOST_JOBS);
}

async function statusOf({ backup, copies }: Queues): Promise<QueueStatus> {
  const [status, also] = await Promise.all([queueStatus(backup), queueStatus(copies)]);
  const counts = Object.entries(status.counts).map(([state, count]) => [
    state,
    count + also.counts[state as keyof QueueStatus['counts']],
  ]);
  return {
    ...status,
    counts: Object.fromEntries(counts) as QueueStatus['counts'],
    next: [...status.next, ...also.next].toSorted((a, b) => a.at - b.at),
    unusable: [...status.unusable, ...also.unusable],
  };
}

async function withinPatience<T>(
  queues: Queues | undefined,
  ask: (queues: Queues) => Promise<T>,
): Promise<T> {
  if (queues === undefined) {
    throw new BackupError('REDIS_UNREACHABLE', 'There is no queue', {
      why: 'REDIS_URL is unset, and no `gofr-backup serve` runs on this backup directory',
      hint: 'Start `gofr-backup serve`.',
    });
  }
  const { connection } = queues.backup;
  const silent = (why: string) =>
    new BackupError('REDIS_UNREACHABLE', `Redis at ${connection.address} does not answer`, { why });
  if (connection.client.status !== 'ready') throw silent('there is no connection to it');
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(silent(`no answer within ${PATIENCE / 1000} seconds`)), PATIENCE);
  });
  try {
    return await Promise.race([ask(queues), tooLate]);
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
    ...(job.by !== undefined && { by: job.by }),
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
