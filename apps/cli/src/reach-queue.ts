/** Finds the queue, or brings one up for a single command. */
import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { keyDirOf, readStateSecret, removeDirectory, stateDirOf } from '@gofr-backup/core';
import {
  BackupError,
  type BackupPlan,
  type Logger,
  silentLogger,
  systemClock,
  toBackupError,
} from '@gofr-backup/model';
import type { BackupQueue, QueueKind } from '@gofr-backup/queue';
import type { Session } from './session.ts';

export interface ReachedQueue extends AsyncDisposable {
  queue: BackupQueue;
  /** true: brought up for this command alone, with its own worker */
  own: boolean;
  /** own: aborted when its job has ended */
  ended?: AbortSignal;
}

/** Redis is away, or does not do what it is asked. */
export const isOfRedis = (error: unknown): error is BackupError =>
  error instanceof BackupError && (error.code === 'REDIS_UNREACHABLE' || error.code === 'REDIS_REFUSES');

/**
 * The queue of REDIS_URL, or the queue of a running `serve`; undefined when there is neither. `toAdd`: the caller
 * adds jobs, so they are traced. Throws REDIS_UNREACHABLE.
 */
export async function findQueue(
  { settings, plan, logger }: Session,
  { toAdd = false, kind = 'backup' }: { toAdd?: boolean; kind?: QueueKind } = {},
): Promise<ReachedQueue | undefined> {
  const url = settings.redisUrl ?? (await embeddedUrl(plan, logger));
  if (url === undefined) return undefined;
  const { connect, diskOfQueue, KEY_BYTES, openTracedQueue, queueStatus } =
    await import('@gofr-backup/queue');
  const disk = diskOfQueue(settings.redisUrl, plan.backupDir);
  const connection = await connect(url, { mode: 'command', disk });
  const { project } = settings;
  const otlpUrl = toAdd ? settings.otlpUrl : undefined;
  const key = () => readStateSecret(keyDirOf(plan), 'requests', KEY_BYTES);
  const queue = await openTracedQueue({ project, kind, connection, otlpUrl, key, logger });
  const reached: ReachedQueue = {
    queue,
    own: false,
    async [Symbol.asyncDispose]() {
      await queue.close().catch(() => {});
      connection.close();
    },
  };
  if (settings.redisUrl !== undefined || (await queueStatus(queue)).workers > 0) return reached;
  // A Redis without its `serve`: the `serve` crashed, or is not yet ready.
  await reached[Symbol.asyncDispose]();
  return undefined;
}

async function embeddedUrl(plan: BackupPlan, logger: Logger): Promise<string | undefined> {
  const { embeddedRedisDir, findEmbeddedRedis } = await import('@gofr-backup/queue/embedded');
  const dir = embeddedRedisDir(stateDirOf(plan.backupDir));
  return findEmbeddedRedis(dir).catch((error) => withoutIt(error, logger));
}

/** The queue of another user is closed to this command. The lock still keeps two operations from working at once. */
function withoutIt(error: unknown, logger: Logger): undefined {
  const { code, message, why } = toBackupError(error, 'looking for the embedded Redis');
  if (code !== 'PERMISSION') throw error;
  logger.warn({ why }, `${message}; going on without it`);
}

/** A private Redis and worker for one job. Throws REDIS_MISSING. */
async function bringUpQueue({ settings, logger: own }: Session, kind: QueueKind): Promise<ReachedQueue> {
  const { endOrphans, startEmbeddedRedis } = await import('@gofr-backup/queue/embedded');
  // The worker's log is silent unless LOG_LEVEL is set, because its failures and warnings come back with the job.
  const logger = settings.origins.logLevel.variable === null ? silentLogger : own;
  await using resources = new AsyncDisposableStack();
  await endOrphans(tmpdir(), PRIVATE, { clock: systemClock, logger });
  const dir = await mkdtemp(path.join(tmpdir(), `${PRIVATE}${process.pid}-`));
  resources.defer(() => removeDirectory(dir));
  const disk = `TMPDIR (${tmpdir()})`;
  const redis = await startEmbeddedRedis({ dir, disk, logger, alone: true, spawned: loadWorker });
  resources.defer(() => redis.stop());
  const { connect, KEY_BYTES, openTracedQueue } = await import('@gofr-backup/queue');
  const connection = await connect(redis.url, { mode: 'command', disk });
  resources.defer(() => connection.close());
  const { project, otlpUrl } = settings;
  const privateKey = randomBytes(KEY_BYTES);
  const key = () => Promise.resolve(privateKey);
  const queue = await openTracedQueue({ project, kind, connection, otlpUrl, key, logger: own });
  resources.defer(() => queue.close());
  const { start } = await import('@gofr-backup/worker');
  const ended = new AbortController();
  const worker = await start(
    { ...settings, redisUrl: redis.url, cleanupOnStart: false, healthPort: undefined },
    { logger, watched: false, privateKey, ended: () => ended.abort() },
  );
  resources.defer(() => worker.stop());
  const owned = resources.move();
  return { queue, own: true, ended: ended.signal, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

/** While Redis starts, in another process. Whoever needs the worker learns what keeps it from being loaded. */
const loadWorker = (): void => void import('@gofr-backup/worker').catch(() => {});

export async function reachQueue(session: Session, kind: QueueKind): Promise<ReachedQueue> {
  return (await findQueue(session, { toAdd: true, kind })) ?? (await bringUpQueue(session, kind));
}

/** Names of private Redis directories begin so. */
const PRIVATE = 'gofr-backup-redis-';
