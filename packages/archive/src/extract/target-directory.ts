/** The facts about the target directory that an extraction needs before it writes. */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync, realpathSync, rmSync } from 'node:fs';
import { readdir, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupError, type BytePath, toBytePath, utf8Of } from '@gofr-backup/model';

export interface TargetDirectory {
  /** absolute, without links */
  root: BytePath;
  /** bytes and entries that this process may still make there */
  freeBytes: number;
  freeEntries: number;
  /** names that are one name to this file system have one folded form; absent: it compares bytes */
  fold?: (path: BytePath) => string;
}

/** Throws USAGE when the directory is not there or not empty. */
export async function inspectTarget(directory: string): Promise<TargetDirectory> {
  const names = await readdir(directory);
  if (names.length > 0) {
    throw new BackupError('USAGE', `${directory} is not empty.`, {
      why: 'An archive is only extracted into a fresh directory, so that nothing there is overwritten.',
      hint: 'Name an empty directory.',
    });
  }
  const real = realpathSync(directory);
  const space = await statfs(real);
  const fold = probeFold(real);
  return {
    root: toBytePath(real),
    freeBytes: space.bavail * space.bsize,
    // A file system without a table of inodes reports 0 of 0.
    freeEntries: space.files === 0 ? Infinity : space.ffree,
    ...(fold && { fold }),
  };
}

/** Tries two spellings of one name: does the second find the file made under the first? */
function probeFold(directory: string): TargetDirectory['fold'] {
  const stem = `.probe-${randomBytes(6).toString('hex')}`;
  const foldsCase = sameFile(directory, `${stem}-case`, `${stem}-CASE`);
  const foldsForm = sameFile(directory, `${stem}-\u00e9`, `${stem}-e\u0301`);
  if (!foldsCase && !foldsForm) return undefined;
  return (path) => {
    const text = utf8Of(path);
    if (text === undefined) return path;
    const formed = foldsForm ? text.normalize('NFD') : text;
    // Upper case comes first, because it unites both small sigmas, the sharp s and other letters.
    return foldsCase ? formed.toUpperCase().toLowerCase() : formed;
  };
}

function sameFile(directory: string, name: string, otherSpelling: string): boolean {
  const path = join(directory, name);
  closeSync(openSync(path, 'wx', 0o600));
  try {
    return existsSync(join(directory, otherSpelling));
  } finally {
    rmSync(path);
  }
}
