/** Writes that a kill leaves undone or done: temporary beside, fsync, rename, fsync of the directory. */
import { randomBytes } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ignoring } from '@gofr-backup/model';
import { temporaryName } from './layout.ts';
import { inheritOwner } from './owner.ts';

export const randomSuffix = (): string => randomBytes(6).toString('hex');

/** Makes the names in `directory` durable. File systems that cannot sync a directory are left as they are. */
export async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync().catch(ignoring('EINVAL', 'ENOTSUP'));
  } finally {
    await handle.close();
  }
}

/** Creates `path` exclusively with `content`, synced. */
export async function writeNew(path: string, content: string | Uint8Array, mode = 0o666): Promise<void> {
  const handle = await open(path, 'wx', mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await inheritOwner(path);
}

/** Replaces `path` by `content`; `beforeRename` is the last chance to refuse. */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array,
  options: { mode?: number; beforeRename?: () => Promise<void> } = {},
): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, temporaryName(randomSuffix(), basename(path)));
  try {
    await writeNew(temporary, content, options.mode);
    await options.beforeRename?.();
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(directory);
}
