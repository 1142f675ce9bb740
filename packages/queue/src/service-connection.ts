import type { Clock, Logger } from '@gofr-backup/model';
import { connect, type Connection } from './connection.ts';
import { embeddedRedisDir, startEmbeddedRedis } from './embedded/embedded.ts';

export interface ServiceConnection extends Connection {
  /** Closes it, and ends the embedded Redis when this process was its last user. */
  end(): Promise<void>;
}

/** Where the private Redis of a backup directory keeps its file, as a person knows it; undefined: REDIS_URL names another. */
export const diskOfQueue = (redisUrl: string | undefined, backupDir: string): string | undefined =>
  redisUrl === undefined ? `BACKUP_DIR (${backupDir})` : undefined;

/** A service's connection to REDIS_URL; unset: to the private Redis of its backup directory, started when needed. */
export async function serviceConnection(options: {
  redisUrl: string | undefined;
  stateDir: string;
  /** holds `stateDir` */
  backupDir: string;
  logger: Logger;
  clock?: Clock;
}): Promise<ServiceConnection> {
  const { redisUrl, stateDir, backupDir, logger, clock } = options;
  const disk = diskOfQueue(redisUrl, backupDir);
  const embedded =
    redisUrl === undefined
      ? await startEmbeddedRedis({
          dir: embeddedRedisDir(stateDir),
          disk,
          logger,
          ...(clock ? { clock } : {}),
        })
      : undefined;
  const connection = await connect(redisUrl ?? embedded?.url ?? '', { mode: 'service', logger, disk });
  return {
    ...connection,
    async end() {
      connection.close();
      await embedded?.stop();
    },
  };
}
