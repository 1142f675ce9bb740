import { realpath } from 'node:fs/promises';
import { posix } from 'node:path';
import { BackupError, type BytePath, displayPath, fsPath, ignoring, toBytePath } from '@gofr-backup/model';

/** Whether `target` lies in or below one of the directories, by whatever links it is reached. */
export async function isBelowAny(target: string, roots: readonly string[]): Promise<boolean> {
  if (!posix.isAbsolute(target)) return false;
  const real = await realPlace(posix.resolve(toBytePath(target)));
  const places = await Promise.all(roots.map((root) => realPlace(toBytePath(root))));
  return places.some((root) => real === root || real.startsWith(root === '/' ? '/' : `${root}/`));
}

/** The path without links; what is not there yet is taken as it is written. */
async function realPlace(path: BytePath): Promise<BytePath> {
  const { dirname, join, basename } = posix;
  const found = await realpath(fsPath(path), { encoding: 'latin1' }).catch(ignoring('ENOENT', 'ENOTDIR'));
  return found ?? join(await realPlace(dirname(path)), basename(path));
}

/** Throws PERMISSION for a directory that a restore must not reach through the queue. */
export async function refuseTarget(target: string | undefined, roots: readonly string[]): Promise<void> {
  if (target === undefined || (await isBelowAny(target, roots))) return;
  throw new BackupError(
    'PERMISSION',
    `A restore through the queue may not go to ${displayPath(toBytePath(target))}`,
    {
      why:
        roots.length === 0
          ? 'RESTORE_ROOTS of the worker is unset, so that only components are restored through the queue'
          : `it does not lie below RESTORE_ROOTS of the worker (${roots.join(', ')})`,
      hint: 'Add the directory to RESTORE_ROOTS of the worker, or restore with `gofr-backup restore --here --to DIR`.',
      details: { target, roots },
    },
  );
}
