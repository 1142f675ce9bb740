/** Reads source files while others may write to them. */
import { type BigIntStats, closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { type BytePath, fsPath, heldTime } from '@gofr-backup/model';

/** Never through a link, and never waiting for a FIFO's writer. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** How often a file that changes under the reader is read again. */
export const READ_ATTEMPTS = 1 + 3;

/** What tells that a file is as it was. */
export interface Look {
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

export function lookAt(fd: number): Look & { stats: BigIntStats } {
  const stats = fstatSync(fd, { bigint: true });
  const { size, mtimeNs, ctimeNs, ino } = stats;
  return { ...{ size: Number(size), ino: comparableIno(ino), stats }, ...heldTimes({ mtimeNs, ctimeNs }) };
}

/** As they go into the archive and its index. */
export function heldTimes({ mtimeNs, ctimeNs }: Pick<BigIntStats, 'mtimeNs' | 'ctimeNs'>): {
  mtimeNs: bigint;
  ctimeNs: bigint;
} {
  return { mtimeNs: heldTime(mtimeNs), ctimeNs: heldTime(ctimeNs) };
}

export function sameLook(a: Look, b: Look): boolean {
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
