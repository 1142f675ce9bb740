/** Private Redis servers of single commands that were killed. */
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { removeDirectory } from '@gofr-backup/core';
import { type Clock, isErrno, type Logger } from '@gofr-backup/model';
import { endUnusedRedis } from './embedded.ts';

/** Younger servers are left alone, because their command may be about to connect. */
const AGE = 600_000;

/**
 * Ends each server of this user below `parent` whose directory's name begins with `prefix` and that no process uses,
 * and removes its directory. A process that uses a server is connected to it: unlike a pid, that holds in every
 * container that shares the directory. A server that cannot be ended is no error, because it does no harm.
 */
export async function endOrphans(
  parent: string,
  prefix: string,
  { clock, logger }: { clock: Clock; logger: Logger },
): Promise<void> {
  const names = (await readdir(parent).catch(() => [])).filter((name) => name.startsWith(prefix));
  for (const dir of names.map((name) => join(parent, name))) {
    try {
      const { uid, mtimeMs } = await lstat(dir);
      const isOld = Math.abs(clock.now() - mtimeMs) > AGE;
      if (uid !== process.geteuid?.() || !isOld) continue;
      if ((await endUnusedRedis(dir, logger)) !== 'used') await removeDirectory(dir);
    } catch (error) {
      // another command tidies up as well
      if (!isErrno(error, 'ENOENT'))
        logger.warn({ dir, err: error }, 'a leftover Redis could not be removed');
    }
  }
}
