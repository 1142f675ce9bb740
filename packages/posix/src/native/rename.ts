/** Renames that nothing is lost by (renameat2(2), Linux 3.15). The names of both lie in open directories. */
import { lstatSync, renameSync } from 'node:fs';
import { type BytePath, isErrno } from '@gofr-backup/model';
import type { DirectoryHandle } from '../directory-handle.ts';
import { cString, whereUsable } from './library.ts';

export interface Named {
  directory: DirectoryHandle;
  name: BytePath;
}

const RENAME_NOREPLACE = 1;
const RENAME_EXCHANGE = 2;

/** Throws EEXIST when something has the new name; where the system cannot do both in one step, it is asked before. */
export function renameToFree(from: Named, to: Named): void {
  if (renamed(from, to, RENAME_NOREPLACE)) return;
  if (isThere(to)) throw Object.assign(new Error('EEXIST: file already exists, rename'), { code: 'EEXIST' });
  renameSync(from.directory.at(from.name), to.directory.at(to.name));
}

/** Both names are there. False: the system cannot do it in one step, and nothing was done. */
export const exchange = (one: Named, other: Named): boolean => renamed(one, other, RENAME_EXCHANGE);

/** False: not every file system has it. */
function renamed(from: Named, to: Named, flags: number): boolean {
  const names = [from.directory.fd, cString(from.name), to.directory.fd, cString(to.name)] as const;
  try {
    return renameat2()?.call('renameat2', ...names, flags) === 0;
  } catch (error) {
    if (isErrno(error, 'EINVAL', 'ENOSYS', 'ENOTSUP')) return false;
    throw error;
  }
}

/** An empty name is told as such where the call is there. */
const renameat2 = whereUsable((library) => {
  try {
    library.call('renameat2', -1, cString(''), -1, cString(''), RENAME_NOREPLACE);
  } catch (error) {
    if (!isErrno(error, 'ENOENT')) throw error;
  }
});

function isThere({ directory, name }: Named): boolean {
  return lstatSync(directory.at(name), { throwIfNoEntry: false }) !== undefined;
}
