/**
 * Which files a staged tree consists of, as a short hash. Once it was in place an application may have put others into it, or
 * written to them; then a rollback must not remove it. Modes and the times of directories are left out, because a swap changes
 * them.
 */
import { createHash } from 'node:crypto';
import type { BytePath } from '@gofr-backup/model';
import { type FileStat, isDirectory, isErrno } from '@gofr-backup/posix';
import type { Ground } from './ground/ground.ts';

const DIGITS = 32;

/** Undefined: it cannot be read, or is changing. */
export function stagedPrint(staged: BytePath, ground: Ground): string | undefined {
  const hash = createHash('sha256');
  try {
    for (const { relative, stat } of ground.walk(staged))
      hash.update(`${relative}\0${stat.ino}${contentOf(stat)}\0`, 'latin1');
  } catch (error) {
    if (isErrno(error, 'EACCES', 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
    throw error;
  }
  return hash.digest('hex').slice(0, DIGITS);
}

const contentOf = (stat: FileStat): string => (isDirectory(stat) ? '' : ` ${stat.size} ${stat.mtimeNs}`);
