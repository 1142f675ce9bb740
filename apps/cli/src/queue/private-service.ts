/** A Redis and a worker that a command brings up for itself, because no service runs. */
import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { removeDirectory } from '@gofr-backup/core';
import { silentLogger, systemClock } from '@gofr-backup/model';
import type { PrivateService } from './reached-queue.ts';
import type { Session } from '../session.ts';

/** Names of private Redis directories begin so. */
const PRIVATE = 'gofr-backup-redis-';

/** Throws REDIS_MISSING. */
export async function startPrivateService({ settings, logger: own }: Session): Promise<PrivateService> {
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
  const { start } = await import('@gofr-backup/worker');
  let ended = new AbortController();
  const worker = await start(
    { ...settings, redisUrl: redis.url, cleanupOnStart: false, healthPort: undefined },
    { logger, watched: false, privateKey, ended: () => ended.abort() },
  );
  resources.defer(() => worker.stop());
  const owned = resources.move();
  return {
    async reach(kind) {
      ended = new AbortController();
      const queue = await openTracedQueue({ project, kind, connection, otlpUrl, key, logger: own });
      return { queue, own: true, ended: ended.signal, [Symbol.asyncDispose]: () => queue.close() };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** While Redis starts, in another process. Whoever needs the worker learns what keeps it from being loaded. */
const loadWorker = (): void => void import('@gofr-backup/worker').catch(() => {});
