/** Reads source files while others may write to them. */
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { type BytePath, fsPath, heldTime } from '@gofr-backup/model';

/** An open never follows a link, and never waits for a FIFO's writer. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** How often a file is read in all while it keeps changing. */
export const READ_ATTEMPTS = 1 + 3;

/** The attributes that show whether a file has changed. */
export interface FileState {
  size: number;
  mtimeNs: bigint;
  ctimeNs: bigint;
  ino: number;
}

export function openSource(path: BytePath): number {
  return openSync(fsPath(path), FLAGS);
}

export function closeSource(fd: number): void {
  closeSync(fd);
}

export function stateOf(fd: number): FileState & { stats: BigIntStats } {
  const stats = fstatSync(fd, { bigint: true });
  const { size, mtimeNs, ctimeNs, ino } = stats;
  return { ...{ size: Number(size), ino: comparableIno(ino), stats }, ...heldTimes({ mtimeNs, ctimeNs }) };
}

/** The times as the archive and its index hold them. */
export function heldTimes({ mtimeNs, ctimeNs }: Pick<BigIntStats, 'mtimeNs' | 'ctimeNs'>): {
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
