/**
 * Directories that their owner, this user, closed for writing. They are opened for the time of a swap: also a directory that
 * is moved must be writable, as its `..` changes. The journal knows the mode of each before it is opened.
 */
import type { BytePath } from '@gofr-backup/model';
import { type FileStat, isDirectory, isErrno } from '@gofr-backup/posix';
import type { Ground } from '../ground/ground.ts';
import type { Journal, Move } from '../journal.ts';
import { assertAccess } from './access.ts';

const OWNER_MAY_ALL = 0o700;
const OWNER_WRITES = 0o200;

const isOwn = ({ uid }: FileStat): boolean => uid === (process.geteuid?.() ?? uid);

/** The mode to come back to; undefined: it need not, or cannot, be opened. */
export const closedMode = (stat: FileStat | undefined): number | undefined =>
  stat && isDirectory(stat) && isOwn(stat) && (stat.mode & OWNER_WRITES) === 0
    ? stat.mode & 0o7777
    : undefined;

/** Whether only this user's own mode keeps it from making names there. */
export function isClosed(directory: BytePath, ground: Ground): boolean {
  try {
    assertAccess(directory, ground);
    return false;
  } catch (error) {
    return isErrno(error, 'EACCES') && isOwn(ground.lstat(directory)!);
  }
}

/** Where this very directory lies. `inode` absent: nobody knows, so nothing is done. */
function setMode(path: BytePath, inode: string | undefined, mode: number, ground: Ground): void {
  const now = inode === undefined ? undefined : ground.lstat(path);
  if (now && isDirectory(now) && String(now.ino) === inode && isOwn(now)) ground.directory(path).chmod(mode);
}

interface Closed {
  mode: number | undefined;
  inode: string | undefined;
}
export const asideOf = ({ asideMode, asideInode }: Move): Closed => ({ mode: asideMode, inode: asideInode });
export const stagedOf = ({ stagedMode, stagedInode }: Move): Closed => ({
  mode: stagedMode,
  inode: stagedInode,
});

export function open(path: BytePath, { mode, inode }: Closed, ground: Ground): void {
  if (mode !== undefined) setMode(path, inode, mode | OWNER_MAY_ALL, ground);
}

export function closeAgain(path: BytePath | null, { mode, inode }: Closed, ground: Ground): void {
  if (path !== null && mode !== undefined) setMode(path, inode, mode, ground);
}

/** What stays in place while others are moved into it. Its attributes are set afterwards, or set back. */
export function openStaying({ attributes }: Journal, ground: Ground): void {
  for (const { place, inode, before } of attributes)
    if ((before.mode & OWNER_WRITES) === 0) setMode(place, inode, before.mode | OWNER_MAY_ALL, ground);
}

/** A directory of the staging, which is discarded. */
export function openStaged(directory: BytePath, ground: Ground): void {
  const stat = ground.lstat(directory);
  open(directory, { mode: closedMode(stat), inode: stat && String(stat.ino) }, ground);
}
