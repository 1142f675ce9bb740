import { setTimeout as sleep } from 'node:timers/promises';
import { QueueEvents, Worker, type Job, type Telemetry } from 'bullmq';
import { type BackupError, type Clock, type Logger, silentLogger, systemClock } from '@gofr-backup/model';
import { abortReason, attempt, CANCELLED, LOCK_LOST, STOPPING } from './attempt.ts';
import { CANCEL_EVENT, type CancelEvents } from './cancel.ts';
import type { Connection } from './connection.ts';
import { decodeFailure } from './failure.ts';
import { summaryOf } from './history.ts';
import { foundResult } from './jobs/finding.ts';
import type { Processors, QueueKind } from './jobs/index.ts';
import type { PastJob } from './past-jobs.ts';
import { menderOf, removeWrongKeys } from './records/mend.ts';
import { refusalTeller } from './redis/refused.ts';
import { type Judge, keylessJudge } from './requests/judge.ts';
import { type BackupQueue, bullConnection, KEY_PREFIX, openQueue, queueName } from './queue.ts';
import { within } from './within.ts';

export interface ConsumerOptions {
  project: string;
  /** default: backup */
  kind?: QueueKind;
  /** in `service` mode: a consumer outlives Redis's absences */
  connection: Connection;
  processors: Processors;
  /** says which jobs may begin; default: those that need no signature */
  judge?: Judge;
  logger?: Logger;
  clock?: Clock;
  /** ms without a sign of life after which a job is given to another worker; default 30 s */
  lockDuration?: number;
  /** told of every job of this process that will not be tried again */
  ended?: (job: Ended) => void;
  telemetry?: Telemetry | undefined;
}

/** `result`: also of a job that failed by what it found. */
type How = { ok: true; result: unknown } | { ok: false; error: BackupError; result?: unknown };

/** A job after its last attempt; `summary`: as it is remembered. */
export type Ended = { id: string; name: string; payload: unknown; summary: PastJob } & How;

export interface Consumer {
  /**
   * Takes no more jobs, lets the present one end for a quarter of `grace` ms, then aborts it and gives it back to
   * the queue without losing an attempt. Resolves after `grace` at the latest; leaves the connection open.
   */
  stop(grace?: number): Promise<void>;
}

interface Running {
  job: Job;
  token: string;
  abort: AbortController;
}

const LOCK_DURATION = 30_000;
/** docker stop kills after 10 s */
const GRACE = 8000;
/**
 * How often one job may die with its worker. The default of one would fail a backup because of two restarts;
 * without an end a job that kills its worker would do so for ever.
 */
const MAX_STALLED = 10;
const EVENTS_PAUSE = 500;

/** One at a time in this process and, by the queue's global concurrency, in all of them. */
export function startConsumer(options: ConsumerOptions): Consumer {
  const {
    project,
    kind = 'backup',
    connection,
    logger = silentLogger,
    clock = systemClock,
    telemetry,
  } = options;
  const judge = options.judge ?? keylessJudge({ project, clock, logger });
  const lockDuration = options.lockDuration ?? LOCK_DURATION;
  const running = new Map<string, Running>();
  const process = async (job: Job, token = ''): Promise<unknown> => {
    const abort = new AbortController();
    running.set(job.id ?? '', { job, token, abort });
    try {
      return await attempt(job, token, abort.signal, { ...options, kind, judge, logger, clock });
    } finally {
      running.delete(job.id ?? '');
    }
  };
  const queue = openQueue(project, connection, { kind, logger });
  const mender = menderOf(queue, (id) => running.has(id), logger);
  const shared = { connection: bullConnection(connection), prefix: KEY_PREFIX };
  const worker = new Worker(queueName(project, kind), process, {
    ...shared,
    autorun: false,
    concurrency: 1,
    lockDuration,
    stalledInterval: lockDuration / 2,
    maxStalledCount: MAX_STALLED,
    runRetryDelay: 1000,
    ...(telemetry ? { telemetry } : {}),
  });
  const abortJob = (id: string, reason: string): void => running.get(id)?.abort.abort(abortReason(reason));
  worker.on('lockRenewalFailed', (ids) => ids.forEach((id) => abortJob(id, LOCK_LOST)));
  const ending = tellEnds(worker, judge, { ...options, logger });
  worker.on('stalled', (jobId) => logger.warn({ project, jobId }, 'job lost its worker, is taken up again'));
  const refusals = refusalTeller(connection, logger);
  worker.on('active', refusals.over);
  worker.on('error', (error) => {
    refusals.heard(error);
    logger.debug({ project, reason: error.message }, 'worker error');
    // A Redis that is away comes back by itself. Otherwise it may be a record that no worker can use.
    if (connection.client.status === 'ready') mender.mend();
  });
  const events = listenForCancel(queueName(project, kind), shared, abortJob, logger);
  const stopped = new AbortController();
  const started = prepare(queue, logger).then(() => {
    if (!stopped.signal.aborted) void worker.run().catch(() => {}); // told by the error listener
  });
  void started.catch(() => {});
  return {
    async stop(grace = GRACE) {
      stopped.abort();
      const closed = worker.close();
      await within(grace / 4, closed);
      for (const { abort } of running.values()) abort.abort(abortReason(STOPPING));
      await within(grace / 2, closed);
      await within(grace / 8, giveBack(running, logger));
      await within(grace / 8, events.close());
      await within(grace / 8, Promise.allSettled([ending(), mender.end(), queue.close()]));
    },
  };
}

/** Tells of jobs that Redis knows as ended. Resolves to all that follows from it. */
function tellEnds(
  worker: Worker,
  judge: Judge,
  { ended, logger = silentLogger, clock = systemClock }: ConsumerOptions,
): () => Promise<void> {
  let ending: Promise<void> = Promise.resolve();
  const tell = (job: Job, how: How): void => {
    const id = job.id ?? '';
    ending = ending
      .then(() => judge.end(id))
      .catch((error: unknown) => logger.warn({ jobId: id, err: error }, 'end of a request not noted'));
    const summary = { finished: clock.now(), ...summaryOf(job, how.ok ? 'completed' : 'failed') };
    ended?.({ id, name: job.name, payload: job.data as unknown, summary, ...how });
  };
  worker.on('completed', (job, result: unknown) => tell(job, { ok: true, result }));
  worker.on('failed', (job, error) => {
    if (!job?.finishedOn) return;
    const result = foundResult(job.name, job.data);
    tell(job, { ok: false, error: decodeFailure(error.message), ...(result && { result }) });
  });
  return () => ending;
}

/** Cancellation from other processes arrives as an event of the queue. An event that does not parse ends BullMQ's loop. */
function listenForCancel(
  name: string,
  options: { connection: ReturnType<typeof bullConnection>; prefix: string },
  abortJob: (id: string, reason: string) => void,
  logger: Logger,
): QueueEvents {
  const events = new QueueEvents(name, { ...options, autorun: false });
  events.on('error', (error) => logger.debug({ reason: error.message }, 'queue events error'));
  const listen = async (): Promise<void> => {
    while (!events.closing) {
      await events.run().catch((error: unknown) => logger.debug({ err: error }, 'queue events stopped'));
      await sleep(EVENTS_PAUSE, undefined, { ref: false });
    }
  };
  void listen();
  events.on<CancelEvents, typeof CANCEL_EVENT>(CANCEL_EVENT, ({ jobId, reason }) =>
    abortJob(jobId, reason ? `${CANCELLED} ${reason}` : CANCELLED),
  );
  return events;
}

/** Where the queue cannot be held to one job at a time, the lock on disk still keeps two operations apart. */
async function prepare(queue: BackupQueue, logger: Logger): Promise<void> {
  try {
    await removeWrongKeys(queue, logger);
    await queue.bull.setGlobalConcurrency(1);
  } catch (error) {
    logger.warn({ project: queue.project, err: error }, 'the queue in Redis could not be prepared');
  }
}

/**
 * Gives jobs back to the queue: a processor that did not end in time dies with this process, and its job must not
 * wait until the queue lock expires.
 */
async function giveBack(running: Map<string, Running>, logger: Logger): Promise<void> {
  for (const { job, token } of running.values()) {
    logger.warn({ jobId: job.id, job: job.name }, 'job did not end in time, given back');
    await job.moveToWait(token).catch(() => {});
  }
}
