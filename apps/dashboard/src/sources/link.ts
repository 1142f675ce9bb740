/** The way to the queue: REDIS_URL, or the private Redis of a running `serve`, waited for while there is none. */
import { join } from 'node:path';
import { stateDirOf } from '@gofr-backup/core';
import type { Logger } from '@gofr-backup/model';
import {
  type BackupQueue,
  connect,
  type Connection,
  findEmbeddedRedis,
  openTracedQueue,
} from '@gofr-backup/queue';

const LOOK_EVERY = 2000;

export interface QueueLink {
  /** undefined while there is nothing to connect to */
  current(): BackupQueue | undefined;
  close(): Promise<void>;
}

export interface LinkOptions {
  project: string;
  redisUrl: string | undefined;
  /** its pages add jobs, so these are traced */
  otlpUrl: string | undefined;
  backupDir: string;
  logger: Logger;
}

/** Never waits for Redis: a page that needs none is there at once. Throws CONFIG for a REDIS_URL that is none. */
export async function linkQueue(options: LinkOptions): Promise<QueueLink> {
  let queue: BackupQueue | undefined;
  let connection: Connection | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  async function join(url: string): Promise<void> {
    connection = await connect(url, { mode: 'service', logger: options.logger });
    const { project, otlpUrl, logger } = options;
    queue = await openTracedQueue({ project, connection, otlpUrl, logger, queueLogger: logger });
    if (closed) await end();
  }
  async function look(): Promise<void> {
    const url = await findEmbeddedRedis(redisDir(options.backupDir)).catch(() => undefined);
    if (url !== undefined) await join(url);
    else if (!closed) timer = setTimeout(() => void look(), LOOK_EVERY);
  }
  async function end(): Promise<void> {
    clearTimeout(timer);
    await queue?.close().catch(() => {});
    connection?.close();
  }

  if (options.redisUrl !== undefined) await join(options.redisUrl);
  else await look();
  return {
    current: () => queue,
    async close() {
      closed = true;
      await end();
    },
  };
}

/** Where `serve` keeps its Redis. */
const redisDir = (backupDir: string): string => join(stateDirOf(backupDir), 'redis');
