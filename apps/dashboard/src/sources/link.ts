/**
 * Connects to the queues, of backups and of copies: to REDIS_URL, or to the private Redis of a running `serve`. It waits until there is a Redis.
 */
import { join } from 'node:path';
import { keyDirOf, readStateSecret, stateDirOf } from '@gofr-backup/core';
import type { BackupPlan, Logger } from '@gofr-backup/model';
import {
  type BackupQueue,
  connect,
  type Connection,
  diskOfQueue,
  findEmbeddedRedis,
  KEY_BYTES,
  openTracedQueue,
  type QueueKind,
} from '@gofr-backup/queue';

const POLL_INTERVAL = 2000;

export type Queues = Readonly<Record<QueueKind, BackupQueue>>;

export interface QueueLink {
  /** undefined while there is nothing to connect to */
  current(): Queues | undefined;
  close(): Promise<void>;
}

export interface LinkOptions {
  plan: Pick<BackupPlan, 'project' | 'backupDir' | 'keyDir'>;
  redisUrl: string | undefined;
  /** its pages add jobs, so these are traced */
  otlpUrl: string | undefined;
  logger: Logger;
}

/** Never waits for Redis, so a page that needs none is there at once. Throws CONFIG for an invalid REDIS_URL. */
export async function linkQueue({ plan, redisUrl, otlpUrl, logger }: LinkOptions): Promise<QueueLink> {
  let queues: Queues | undefined;
  let connection: Connection | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function connectTo(url: string): Promise<void> {
    const disk = diskOfQueue(redisUrl, plan.backupDir);
    connection = await connect(url, { mode: 'service', logger, disk });
    const { project } = plan;
    const key = () => readStateSecret(keyDirOf(plan), 'requests', KEY_BYTES);
    const options = { project, connection, otlpUrl, key, logger, queueLogger: logger };
    queues = {
      backup: await openTracedQueue({ ...options, kind: 'backup' }),
      copies: await openTracedQueue({ ...options, kind: 'copies' }),
    };
    if (closed) await end();
  }
  async function awaitEmbedded(): Promise<void> {
    const url = await findEmbeddedRedis(redisDir(plan.backupDir)).catch(() => undefined);
    if (url !== undefined) await connectTo(url);
    else if (!closed) timer = setTimeout(() => void awaitEmbedded(), POLL_INTERVAL);
  }
  async function end(): Promise<void> {
    clearTimeout(timer);
    await Promise.allSettled(Object.values(queues ?? {}).map((queue) => queue.close()));
    connection?.close();
  }

  if (redisUrl !== undefined) await connectTo(redisUrl);
  else await awaitEmbedded();
  return {
    current: () => queues,
    async close() {
      closed = true;
      await end();
    },
  };
}

/** Where `serve` keeps its Redis. */
const redisDir = (backupDir: string): string => join(stateDirOf(backupDir), 'redis');
