/** Reads source files while others may write to them. */
import { closeSync, constants, readSync } from 'node:fs';
import { type BytePath, heldTime } from '@gofr-backup/model';
import { type FileStat, statOf } from './native/file-stat.ts';
import { openBeneath } from './native/open-beneath.ts';

/** An open never follows a link, and never waits for a FIFO's writer. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** How often a file is read in all while it keeps changing. */
export const READ_ATTEMPTS = 1 + 3;

/** The attributes of an open file; the first four show whether it has changed. */
export interface FileState {
  size: number;
  mtimeNs: bigint;
  ctimeNs: bigint;
  ino: number;
  mode: number;
  uid: number;
  gid: number;
}

/** A file below an open directory, which it cannot lie outside of, whatever is exchanged on the way. */
export function openSource(directory: number, path: BytePath): number {
  return openBeneath(directory, path, FLAGS);
}

export function closeSource(fd: number): void {
  closeSync(fd);
}

export function stateOf(fd: number): FileState & { isFile: boolean } {
  const { size, mode, uid, gid, ino, ...times } = statOf(fd);
  const isFile = (mode & constants.S_IFMT) === constants.S_IFREG;
  return { size, ...heldTimes(times), ino: comparableIno(ino), mode: mode & 0o7777, uid, gid, isFile };
}

/** The times as the archive and its index hold them. */
export function heldTimes({ mtimeNs, ctimeNs }: Pick<FileStat, 'mtimeNs' | 'ctimeNs'>): {
  mtimeNs: bigint;
  ctimeNs: bigint;
} {
  return { mtimeNs: heldTime(mtimeNs), ctimeNs: heldTime(ctimeNs) };
}

export function isSameState(a: FileState, b: FileState): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.ino === b.ino;
}

/** Reads `length` bytes at `position` into `target` at `at`; fewer only at the end of the file. */
export function readFully(fd: number, target: Buffer, at: number, length: number, position: number): number {
  let done = 0;
  while (done < length) {
    const count = readSync(fd, target, at + done, length - done, position + done);
    if (count === 0) break;
    done += count;
  }
  return done;
}

/** An inode number as it is kept and compared: modulo 2^52. */
export function comparableIno(ino: bigint): number {
  return Number(BigInt.asUintN(52, ino));
}
