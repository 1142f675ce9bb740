import { join } from 'node:path';
import { alertPlanFrom, copyPlansFrom, planFrom, type Settings } from '@gofr-backup/config';
import { keyDirOf, recoverInterrupted, stateDirOf, stateSecret } from '@gofr-backup/core';
import {
  type BackupPlan,
  type Clock,
  type Logger,
  noProgress,
  type OperationContext,
  systemClock,
} from '@gofr-backup/model';
import {
  beatHeart,
  type Ended,
  judgeOf,
  KEY_BYTES,
  type KeySource,
  serveHealth,
  type ServiceConnection,
  serviceConnection,
  SpentRequests,
  startConsumer,
  startTracing,
  tellEviction,
  within,
} from '@gofr-backup/queue';
import { startCopying } from './copying.ts';
import { startLastResort } from './last-resort.ts';
import { startTellingNextRuns } from './next-run.ts';
import { startPings } from './pings.ts';
import { mayWrite, preflight } from './preflight.ts';
import { tellNeighbours } from './neighbours.ts';
import { processorsOf } from './processors/index.ts';
import { startRemembering } from './remember.ts';
import { startReporter } from './report.ts';
import { tellSameContainer } from './same-container.ts';

export interface StartOptions {
  logger: Logger;
  clock?: Clock;
  /** stops it, like `stop` */
  signal?: AbortSignal;
  /** ms that stopping may take; default 8 s, because docker kills after 10 */
  grace?: number;
  /** false: no scheduler watches this worker, so it writes no report and says nothing of files; default true */
  watched?: boolean;
  /** false: a scheduler in this process says when the next run is; default true */
  tellsNextRun?: boolean;
  /** ms without a sign of life after which a job is given to another worker */
  lockDuration?: number;
  /** told of each job that has ended, as Redis knows it */
  ended?: () => void;
  /** the key of a queue that nobody but this process reaches: its requests may restore anywhere */
  privateKey?: Buffer;
}

export interface Service {
  stop(): Promise<void>;
}

const GRACE = 8000;

/** Takes jobs from the queue, one at a time, whenever Redis is there. Throws CONFIG for settings that contradict. */
export async function start(settings: Settings, options: StartOptions): Promise<Service> {
  const {
    logger,
    clock = systemClock,
    signal,
    grace = GRACE,
    watched = true,
    tellsNextRun = watched,
    lockDuration,
    privateKey,
  } = options;
  const plan = planFrom(settings);
  const stores = copyPlansFrom(settings);
  const pings = startPings(alertPlanFrom(settings).heartbeatUrl, logger);
  const stateDir = stateDirOf(plan.backupDir);
  const connection = await serviceConnection({
    ...{ redisUrl: settings.redisUrl, stateDir, backupDir: plan.backupDir, logger, clock },
  });
  tellEviction(connection, logger);
  const stopped = new AbortController();
  const context: OperationContext = {
    plan,
    clock,
    logger,
    progress: noProgress,
    signal: stopped.signal,
    owner: 'worker',
  };
  await recover(context);
  if (watched) {
    await preflight(plan, logger);
    await tellNeighbours(context);
  }
  const key = privateKey ? () => Promise.resolve(privateKey) : await installationKey(plan, logger);
  if (watched) await tellSameContainer(stateDir, logger);
  const spent = privateKey ? undefined : new SpentRequests(join(stateDir, 'requests'));
  const restoreRoots = privateKey ? ['/'] : settings.restoreRoots;
  const tracing = await startTracing({ project: plan.project, otlpUrl: settings.otlpUrl, logger });
  const reporter = watched ? startReporter({ connection, context, stores }) : undefined;
  const remembering = startRemembering(plan, logger);
  const { project } = plan;
  const nextRuns = tellsNextRun ? startTellingNextRuns(settings, connection, logger) : undefined;
  const copying = startCopying({ project, stores, connection, key, logger, atStart: watched });
  const ended = (job: Ended): void => {
    remembering.ended(job);
    reporter?.ended(job);
    pings.ended(job);
    nextRuns?.ended(job);
    options.ended?.();
    if (privateKey === undefined) copying.ended(job);
  };
  const consuming = {
    ...{ project, connection, logger, clock, ended },
    processors: pings.around(processorsOf({ plan, clock, restoreRoots, stores })),
    judge: judgeOf({ project, key, spent, clock, logger }),
    telemetry: tracing.telemetry,
    ...(lockDuration === undefined ? {} : { lockDuration }),
  };
  const consumers = [
    startConsumer(consuming),
    ...(stores.length > 0 ? [startConsumer({ ...consuming, kind: 'copies' })] : []),
  ];
  const resort =
    watched && settings.enabled ? startLastResort({ settings, connection, context, ended }) : undefined;
  const heart = beatHeart('worker', { logger });
  const health = await serveHealth({
    host: settings.healthHost,
    port: settings.healthPort,
    reasons: () => against(context, connection),
    logger,
  });
  logger.info(
    { project: plan.project, backupDir: plan.backupDir, redis: connection.address },
    'worker is ready',
  );
  const stop = async (): Promise<void> => {
    if (stopped.signal.aborted) return;
    stopped.abort();
    heart.stop();
    await health.stop();
    const resorting = within(grace / 8, resort?.stop() ?? Promise.resolve());
    await Promise.all([resorting, ...consumers.map((consumer) => consumer.stop(grace))]);
    await within(grace / 8, remembering.stop());
    // without Redis these would wait for it
    await within(
      grace / 8,
      Promise.allSettled([reporter?.stop(), nextRuns?.stop(), pings.stop(), copying.stop(), tracing.stop()]),
    );
    await connection.end();
  };
  signal?.addEventListener('abort', () => void stop(), { once: true });
  if (signal?.aborted) await stop();
  return { stop };
}

/**
 * The key by which requests for restores are known. It is made now, so that a command or a dashboard finds it. A key
 * that cannot be made or trusted must not keep scheduled backups from running.
 */
async function installationKey(plan: BackupPlan, logger: Logger): Promise<KeySource> {
  const key = () => stateSecret(keyDirOf(plan), 'requests', KEY_BYTES);
  await key().catch((error: unknown) =>
    logger.error({ err: error }, 'no key for requests: restores through the queue are refused'),
  );
  return key;
}

/**
 * Settles interrupted restores. A restore that cannot be settled keeps operations from running, and they say why; the
 * worker must start all the same.
 */
async function recover(context: OperationContext): Promise<void> {
  try {
    const { finished, rolledBack, discarded, warnings } = await recoverInterrupted(context);
    if (finished + rolledBack + discarded > 0) {
      context.logger.warn({ finished, rolledBack, discarded, warnings }, 'interrupted restore settled');
    }
  } catch (error) {
    context.logger.error({ err: error }, 'an interrupted restore could not be settled');
  }
}

/** The reasons why no backup could be made now. */
function against({ plan }: OperationContext, { client }: ServiceConnection): string[] {
  return [
    ...(client.status === 'ready' ? [] : ['Redis is away']),
    ...(mayWrite(plan.backupDir) ? [] : ['BACKUP_DIR cannot be written']),
  ];
}
