/**
 * A work directory of a killed restore that the application renamed where it lies, or exchanged for another. It cannot take it
 * elsewhere. It is known by its owner and by the journal or marker in it, and gets its name back.
 */
import { type BytePath, isErrno, joinPath } from '@gofr-backup/model';
import { parentOf } from '@gofr-backup/posix';
import type { Ground } from './ground/ground.ts';
import { isOfRestore } from './journal.ts';

/** Undefined: it has its name, or nobody knows where it is. */
export function strayed(workDir: BytePath, ground: Ground): BytePath | undefined {
  const home = parentOf(workDir);
  try {
    if (isIt(workDir, workDir, ground)) return undefined;
    const names = ground.isDirectory(home) ? ground.names(home) : [];
    return names.map((name) => joinPath(home, name)).find((path) => isIt(path, workDir, ground));
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'EACCES')) return undefined;
    throw error;
  }
}

/** What has its name meanwhile gets the other one. Where it is moved again just then, who reads its journal says that it is missing. */
export function bringBack(workDir: BytePath, ground: Ground): void {
  const path = strayed(workDir, ground);
  if (path === undefined || path === workDir) return;
  try {
    exchangeNames(path, workDir, ground);
  } catch (error) {
    if (!isErrno(error, 'ENOENT', 'EEXIST')) throw error;
  }
}

function exchangeNames(path: BytePath, workDir: BytePath, ground: Ground): void {
  if (ground.exists(workDir) && !ground.exchange(path, workDir))
    ground.renameToFree(workDir, `${workDir}.found`);
  if (!ground.exists(workDir)) ground.renameToFree(path, workDir);
}

function isIt(path: BytePath, workDir: BytePath, ground: Ground): boolean {
  if (!ground.isDirectory(path)) return false;
  const { uid, mode } = ground.lstat(path)!;
  return uid === process.geteuid?.() && (mode & 0o022) === 0 && isOfRestore(path, workDir, ground);
}
