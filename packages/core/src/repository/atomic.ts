/** Writes that a kill leaves undone or done: temporary beside, fsync, rename, fsync of the directory. */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { isErrno, syncDirectory } from '@gofr-backup/posix';
import { temporaryName } from './layout.ts';
import { inheritOwner } from './owner.ts';

export const randomSuffix = (): string => randomBytes(6).toString('hex');

/** What backups hold is not for every user: files in the backup directory are their owner's, whatever the umask. */
export const PRIVATE = 0o600;

/** Creates `path` exclusively with `content`, synced, for its owner alone. */
export async function writeNew(path: string, content: string | Uint8Array): Promise<void> {
  const handle = await open(path, 'wx', PRIVATE);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await inheritOwner(path);
}

/**
 * Replaces `path` by `content`; `beforeRename` is the last chance to refuse. A directory in its place, which this program
 * never makes, is set aside beside it.
 */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array,
  options: { beforeRename?: () => Promise<void> } = {},
): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, temporaryName(randomSuffix(), basename(path)));
  try {
    await writeNew(temporary, content);
    await options.beforeRename?.();
    await rename(temporary, path).catch(async (error: unknown) => {
      if (!isErrno(error, 'EISDIR')) throw error;
      await rename(path, `${path}.no-file-${randomSuffix()}`);
      await rename(temporary, path);
    });
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(directory);
}
