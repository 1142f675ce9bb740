/** The facts about the target directory that an extraction needs before it writes. */
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, fstatSync, openSync, rmSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { BackupError, type BytePath, utf8Of } from '@gofr-backup/model';
import type { DirectoryHandle } from '@gofr-backup/posix';
import type { Fresh } from './metadata.ts';

export interface TargetDirectory {
  /** bytes and entries that this process may still make there */
  freeBytes: number;
  freeEntries: number;
  /** what a new file gets by itself: that of its directory where this is setgid, and of all others on some mounts */
  fresh: Fresh;
  /** names that are one name to this file system have one folded form; absent: it compares bytes */
  fold?: (path: BytePath) => string;
}

/** Throws USAGE when the directory is not empty. */
export function inspectTarget(directory: DirectoryHandle): TargetDirectory {
  if (directory.names().length > 0) {
    throw new BackupError('USAGE', 'The directory to extract into is not empty.', {
      why: 'An archive is only extracted into a fresh directory, so that nothing there is overwritten.',
      hint: 'Name an empty directory.',
    });
  }
  const space = statfsSync(directory.path);
  const fold = probeFold(directory.path);
  return {
    freeBytes: space.bavail * space.bsize,
    // A file system without a table of inodes reports 0 of 0.
    freeEntries: space.files === 0 ? Infinity : space.ffree,
    fresh: probeFresh(directory.path),
    ...(fold && { fold }),
  };
}

const PERMISSIONS = 0o777;

function probeFresh(directory: string): Fresh {
  const path = join(directory, probeName());
  const fd = openSync(path, 'wx', PERMISSIONS);
  try {
    const { uid, gid, mode } = fstatSync(fd);
    const isUsual = (mode & PERMISSIONS) === (PERMISSIONS & ~process.umask());
    return { uid, gid, ...(isUsual && { kept: mode & PERMISSIONS }) };
  } finally {
    closeSync(fd);
    rmSync(path);
  }
}

const probeName = (): string => `.probe-${randomBytes(6).toString('hex')}`;

/** Tries two spellings of one name: does the second find the file made under the first? */
function probeFold(directory: string): TargetDirectory['fold'] {
  const stem = probeName();
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
