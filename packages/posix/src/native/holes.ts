/** Where a sparse file has data, and where holes (lseek(2)). */
import { isErrno } from '@gofr-backup/model';
import { nativeLibrary } from './library.ts';

const SEEK_DATA = 3;
const SEEK_HOLE = 4;

/** The first data at or after `offset`; undefined when there is none before the end. */
export function nextData(fd: number, offset: number): number | undefined {
  return seek(fd, offset, SEEK_DATA, offset);
}

/** The first hole at or after `offset`; the file's end counts as one. Undefined at or after the end. */
export function nextHole(fd: number, offset: number): number | undefined {
  return seek(fd, offset, SEEK_HOLE, Infinity);
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
