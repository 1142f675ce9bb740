/** Finds the queue, or brings one up for a single command. */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { silentLogger, stateDirOf, type Logger } from '@gofr-backup/core';
import type { BackupQueue } from '@gofr-backup/queue';
import type { Session } from './session.ts';

export interface ReachedQueue extends AsyncDisposable {
  queue: BackupQueue;
  /** true: brought up for this command alone, with its own worker */
  own: boolean;
}

/**
 * The queue of REDIS_URL, or that of a running `serve`; undefined when there is neither. `toAdd`: jobs will be added,
 * so they are traced. Throws REDIS_UNREACHABLE.
 */
export async function findQueue(
  { settings, plan, logger }: Session,
  { toAdd = false }: { toAdd?: boolean } = {},
): Promise<ReachedQueue | undefined> {
  const { connect, embeddedRedisDir, findEmbeddedRedis, openTracedQueue, queueStatus } =
    await import('@gofr-backup/queue');
  const url = settings.redisUrl ?? (await findEmbeddedRedis(embeddedRedisDir(stateDirOf(plan.backupDir))));
  if (url === undefined) return undefined;
  const connection = await connect(url, { mode: 'command' });
  const { project } = settings;
  const otlpUrl = toAdd ? settings.otlpUrl : undefined;
  const queue = await openTracedQueue({ project, connection, otlpUrl, logger });
  const reached: ReachedQueue = {
    queue,
    own: false,
    async [Symbol.asyncDispose]() {
      await queue.close().catch(() => {});
      connection.close();
    },
  };
  if (settings.redisUrl !== undefined || (await queueStatus(queue)).workers > 0) return reached;
  // a Redis without its `serve`: left by one that crashed, or not yet ready
  await reached[Symbol.asyncDispose]();
  return undefined;
}

/** A private Redis and worker for one job. Throws REDIS_MISSING. */
async function bringUpQueue({ settings, logger: own }: Session): Promise<ReachedQueue> {
  const { connect, openTracedQueue, startEmbeddedRedis } = await import('@gofr-backup/queue');
  // its failures and warnings come back with the job; twice is once too often
  const logger = settings.origins.logLevel.variable === null ? silentLogger : own;
  await using resources = new AsyncDisposableStack();
  await endOrphans(logger);
  const dir = await mkdtemp(path.join(tmpdir(), `${PRIVATE}${process.pid}-`));
  resources.defer(() => rm(dir, { recursive: true, force: true }));
  const redis = await startEmbeddedRedis({ dir, logger });
  resources.defer(() => redis.stop());
  const connection = await connect(redis.url, { mode: 'command' });
  resources.defer(() => connection.close());
  const { project, otlpUrl } = settings;
  const queue = await openTracedQueue({ project, connection, otlpUrl, logger: own });
  resources.defer(() => queue.close());
  const { start } = await import('@gofr-backup/worker');
  const worker = await start(
    { ...settings, redisUrl: redis.url, cleanupOnStart: false, healthPort: undefined },
    { logger, watched: false },
  );
  resources.defer(() => worker.stop());
  const owned = resources.move();
  return { queue, own: true, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

export async function reachQueue(session: Session): Promise<ReachedQueue> {
  return (await findQueue(session, { toAdd: true })) ?? (await bringUpQueue(session));
}

/** Names of private Redis directories: this, the pid of their command, and something random. */
const PRIVATE = 'gofr-backup-redis-';

/** A command that was killed leaves its Redis running, and nobody else knows of it. */
async function endOrphans(logger: Logger): Promise<void> {
  const { startEmbeddedRedis } = await import('@gofr-backup/queue');
  for (const name of await readdir(tmpdir())) {
    const pid = Number(/^gofr-backup-redis-(\d+)-/.exec(name)?.[1] ?? Number.NaN);
    const dir = path.join(tmpdir(), name);
    if (Number.isNaN(pid) || isAlive(pid) || (await stat(dir)).uid !== process.getuid?.()) continue;
    const redis = await startEmbeddedRedis({ dir, logger });
    await redis.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
