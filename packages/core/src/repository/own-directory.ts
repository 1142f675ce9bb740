/**
 * Checks the directories in which this program writes and removes: each must be a real directory that no other user
 * can have put there.
 */
import type { Stats } from 'node:fs';
import { lstat, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { BackupError, ignoring, toBytePath } from '@gofr-backup/model';
import { removeTree } from '@gofr-backup/posix';
import { inheritOwner } from './owner.ts';

/** False: nothing is there. Throws CONFIG when it is a link or no directory. Reading needs no more than this. */
export async function isRealDirectory(path: string): Promise<boolean> {
  return (await realDirectory(path)) !== undefined;
}

/**
 * As `isRealDirectory`, and throws PERMISSION when another user may have put it there: its owner is neither this
 * user, nor root, nor the owner of its parent, and other users may write to the parent.
 */
export async function isOwnDirectory(path: string): Promise<boolean> {
  const found = await realDirectory(path);
  if (found === undefined) return false;
  const parent = await stat(dirname(path));
  const trusted = [process.geteuid?.() ?? found.uid, parent.uid, 0].includes(found.uid);
  if (trusted || (parent.mode & 0o022) === 0) return true;
  throw new BackupError('PERMISSION', `${path} is not a directory of ours`, {
    why: `it belongs to uid ${found.uid}, this is uid ${process.geteuid?.()}, and others may write to ${dirname(path)}`,
    hint: `Find out who made it. Then give it to uid ${process.geteuid?.()} with chown, or move it away.`,
    details: { path, uid: found.uid },
  });
}

/** Makes it when it is not there, whatever the umask no other user's to write; throws as `isOwnDirectory`. */
export async function ensureOwnDirectory(path: string, mode = 0o755): Promise<void> {
  if (await isOwnDirectory(path)) return;
  await mkdir(path, { mode }).catch(ignoring('EEXIST'));
  await isOwnDirectory(path);
  await inheritOwner(path);
}

/** With all that is in it; no link is followed, and no other file system entered. */
export async function removeDirectory(path: string): Promise<void> {
  if (await isOwnDirectory(path)) await removeTree(toBytePath(path));
}

async function realDirectory(path: string): Promise<Stats | undefined> {
  const found = await lstat(path).catch(ignoring('ENOENT'));
  if (found === undefined || found.isDirectory()) return found;
  const what = found.isSymbolicLink() ? 'a link' : 'no directory';
  throw new BackupError('CONFIG', `${path} is ${what}`, {
    why: 'a directory is needed there, and a link could lead the removal of leftovers anywhere',
    hint: 'Remove it and make a directory in its place. Another disk can be mounted there; BACKUP_DIR itself may be a link.',
    details: { path },
  });
}
