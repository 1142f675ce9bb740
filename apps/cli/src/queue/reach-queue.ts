/** Finds the queue, or brings one up for a single command. */
import { keyDirOf, readStateSecret, stateDirOf } from '@gofr-backup/core';
import { BackupError, type BackupPlan, type Logger, toBackupError } from '@gofr-backup/model';
import type { QueueKind } from '@gofr-backup/queue';
import { startPrivateService } from './private-service.ts';
import type { ReachedQueue } from './reached-queue.ts';
import type { Session } from '../session.ts';

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

/** A command inside `keepingService`. */
export type KeepingSession = Session & Required<Pick<Session, 'kept'>>;

/** Where no service runs, one is brought up for the jobs of this command. Throws REDIS_MISSING. */
export async function reachQueue(session: KeepingSession, kind: QueueKind): Promise<ReachedQueue> {
  const { kept } = session;
  const found = kept.service ? undefined : await findQueue(session, { toAdd: true, kind });
  return found ?? (kept.service ??= await startPrivateService(session)).reach(kind);
}

/** Ends what was brought up in it. Inside another one it leaves that to the other: all jobs of a command share it. */
export async function keepingService<T>(
  session: Session,
  work: (session: KeepingSession) => Promise<T>,
): Promise<T> {
  if (session.kept) return work({ ...session, kept: session.kept });
  const kept: KeepingSession['kept'] = {};
  try {
    return await work({ ...session, kept });
  } finally {
    await kept.service?.[Symbol.asyncDispose]();
  }
}
