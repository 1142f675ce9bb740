import { alertPlanFrom, type Settings } from '@gofr-backup/config';
import { QueueEvents } from 'bullmq';
import { stateDirOf } from '@gofr-backup/core';
import { type Clock, type Logger, systemClock, toBackupError } from '@gofr-backup/model';
import {
  askRedis,
  type BackupQueue,
  beatHeart,
  bullConnection,
  enqueue,
  KEY_PREFIX,
  openTracedQueue,
  sayNextRuns,
  serveHealth,
  type ServiceConnection,
  serviceConnection,
  within,
} from '@gofr-backup/queue';
import { reconcile } from './reconcile.ts';
import { schedulesFrom } from './schedules.ts';
import { startWatch } from './watch/watch.ts';

export interface StartOptions {
  logger: Logger;
  clock?: Clock;
  /** stops it, like `stop` */
  signal?: AbortSignal;
}

export interface Service {
  stop(): Promise<void>;
}

/** ms between two checks whether the schedules are still there */
const REPAIR_INTERVAL = 60_000;
const RETRY = 5000;
const LONGEST_STOP = 3000;

/**
 * Keeps the schedules of the settings in Redis. Resolves at once, with Redis or without: it waits for it, and sets
 * the schedules again when it comes back without them. Any number of schedulers may run.
 */
export async function start(settings: Settings, options: StartOptions): Promise<Service> {
  const { logger, clock = systemClock, signal } = options;
  const connection = await serviceConnection({
    redisUrl: settings.redisUrl,
    stateDir: stateDirOf(settings.backupDir),
    backupDir: settings.backupDir,
    logger,
    clock,
  });
  const { project, otlpUrl } = settings;
  const queue = await openTracedQueue({ project, connection, otlpUrl, logger, queueLogger: logger });
  const stopped = new AbortController();
  const working = keepSchedules(settings, { queue, logger, clock, stopped: stopped.signal });
  const events = listenForRuns(queue, connection, logger);
  const watch = startWatch({ settings, plan: alertPlanFrom(settings), connection, clock, logger });
  const heart = beatHeart('scheduler', { logger });
  const reasons = (): string[] => (connection.client.status === 'ready' ? [] : ['Redis is away']);
  const { healthHost: host, healthPort: port } = settings;
  const health = await serveHealth({ host, port, reasons, logger });
  const stop = async (): Promise<void> => {
    if (stopped.signal.aborted) return;
    stopped.abort();
    heart.stop();
    const closed = [health.stop(), watch.stop(), events.close(), queue.close(), working];
    const ended = Promise.allSettled(closed);
    // without Redis these wait for it
    await within(LONGEST_STOP, ended);
    await connection.end();
  };
  signal?.addEventListener('abort', () => void stop(), { once: true });
  if (signal?.aborted) await stop();
  return { stop };
}

interface Keeping {
  queue: BackupQueue;
  logger: Logger;
  clock: Clock;
  stopped: AbortSignal;
}

async function keepSchedules(settings: Settings, keeping: Keeping): Promise<void> {
  const { queue, logger, clock, stopped } = keeping;
  const wanted = schedulesFrom(settings);
  if (!settings.enabled)
    logger.warn({}, 'backups are switched off (ENABLED=false): nothing is scheduled, waiting');
  const begin = async (): Promise<void> => {
    await reconcile({ queue, wanted, logger, clock, scope: 'all' });
    if (settings.enabled && settings.cleanupOnStart) await cleanUp(queue, logger);
    await sayNextRuns(queue, logger);
  };
  await untilDone(begin, keeping);
  while (!stopped.aborted) {
    await pause(REPAIR_INTERVAL, queue, stopped);
    if (!stopped.aborted) {
      await untilDone(() => reconcile({ queue, wanted, logger, clock, scope: 'repair' }), keeping);
    }
  }
}

/** Tries until it works: Redis may be loading, read-only or out of memory, and all of that passes. */
async function untilDone(work: () => Promise<void>, { queue, logger, stopped }: Keeping): Promise<void> {
  let told = '';
  while (!stopped.aborted) {
    try {
      return await askRedis(queue.connection, work);
    } catch (error) {
      if (stopped.aborted) return;
      const { message, why, hint } = toBackupError(error, 'Setting the schedules');
      if (told !== why)
        logger.warn({ error: message, why, hint }, 'schedules could not be set, will be tried again');
      told = why;
      await pause(RETRY, queue, stopped);
    }
  }
}

/** Ends early when Redis is back, perhaps without what it knew, and when the service stops. */
function pause(ms: number, { connection }: BackupQueue, stopped: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      connection.client.off('ready', end);
      stopped.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    connection.client.once('ready', end);
    stopped.addEventListener('abort', end, { once: true });
  });
}

/** Several schedulers that start together ask for one. */
async function cleanUp(queue: BackupQueue, logger: Logger): Promise<void> {
  const { id, joined } = await enqueue(queue, 'prune', { trigger: 'schedule' });
  if (!joined) logger.info({ jobId: id }, 'clean-up queued (CLEANUP_ON_START)');
}

/** After each run of a schedule: how it ended, and when the next one is. */
function listenForRuns(queue: BackupQueue, connection: ServiceConnection, logger: Logger): QueueEvents {
  const events = new QueueEvents(queue.bull.name, {
    connection: bullConnection(connection),
    prefix: KEY_PREFIX,
  });
  const ended =
    (outcome: 'completed' | 'failed') =>
    ({ jobId }: { jobId: string }) => {
      const [, schedule] = /^(?:repeat:|late-)([a-z]+)[:-]\d+$/.exec(jobId) ?? [];
      if (schedule === undefined) return;
      logger[outcome === 'failed' ? 'warn' : 'info']({ schedule, jobId, outcome }, 'scheduled run ended');
      sayNextRuns(queue, logger, schedule).catch(() => {}); // Redis went away; said again after the next run
    };
  events.on('error', (error) => logger.debug({ reason: error.message }, 'queue events error'));
  events.on('completed', ended('completed'));
  events.on('failed', ended('failed'));
  return events;
}
