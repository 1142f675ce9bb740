/** Where a sparse file has data, and where holes (lseek(2)). */
import { closeSync } from 'node:fs';
import { type BytePath, isErrno } from '@gofr-backup/model';
import { openRegularSync } from '../regular-file.ts';
import { nativeLibrary } from './library.ts';

const SEEK_DATA = 3;
const SEEK_HOLE = 4;
/** A block of every common file system. */
const HOLE_BYTES = 4096;
/**
 * The bytes of holes in a file that are worth looking for. Fewer are read, hashed and compressed in two milliseconds, and as
 * zeros they are files for every tar, whether it knows sparse ones or not.
 */
export const LEAST_HOLES = 1 << 20;

/** Whether so much of a file has no blocks. Its file system may have compressed it: then it has no holes. */
export const lacksBlocks = (size: number, blocks: number): boolean => size - blocks * 512 >= LEAST_HOLES;

/** Without it, every file is taken for one without holes. */
export const canSeekHoles = (): boolean => nativeLibrary() !== undefined;

/** The first data at or after `offset`; undefined when there is none before the end. */
export function nextData(fd: number, offset: number): number | undefined {
  return seek(fd, offset, SEEK_DATA, offset);
}

/** The first hole at or after `offset`; the file's end counts as one. Undefined at or after the end. */
export function nextHole(fd: number, offset: number): number | undefined {
  return seek(fd, offset, SEEK_HOLE, Infinity);
}

/**
 * The data of an open file between two places, part by part. Somebody may write to the file meanwhile: the parts ascend, and
 * end.
 */
export function* dataParts(
  fd: number,
  to: number,
  from = 0,
): Generator<{ position: number; length: number }> {
  for (let at = from; at < to;) {
    const position = nextData(fd, at);
    if (position === undefined || position >= to) return;
    const hole = Math.max(nextHole(fd, position) ?? to, position + HOLE_BYTES);
    at = Math.min(hole, to);
    yield { position, length: at - position };
  }
}

/** Bytes of data in a file: what a backup reads of it, more or less. Where that cannot be told, its size. */
export function dataBytes(path: BytePath, { size, blocks }: { size: number; blocks: number }): number {
  if (!lacksBlocks(size, blocks)) return size;
  let fd: number | undefined;
  try {
    fd = openRegularSync(path);
    let sum = 0;
    for (const { length } of dataParts(fd, size)) sum += length;
    return sum;
  } catch {
    return size;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}

/** Without the call, or where the file system does not know, everything is data. */
function seek(fd: number, offset: number, whence: number, unknown: number): number | undefined {
  const library = nativeLibrary();
  if (library === undefined) return unknown;
  try {
    return library.call('lseek', fd, offset, whence);
  } catch (error) {
    if (isErrno(error, 'ENXIO')) return undefined;
    if (isErrno(error, 'EINVAL', 'ENOTSUP')) return unknown;
    throw error;
  }
}
