/** Times to the nanosecond, at any time that a file system keeps. */
import { futimesSync, lutimesSync } from 'node:fs';
import { type BytePath, fsPath, utimeOf } from '@gofr-backup/model';
import { cString, nativeLibrary } from './library.ts';

const NS = 1_000_000_000n;
const AT_FDCWD = -100;
const AT_SYMLINK_NOFOLLOW = 0x100;
/** In place of nanoseconds: the time stays as it is. */
const UTIME_OMIT = 0x3fff_fffen;

/** Sets the times of an open file or directory. `atimeNs` undefined: that of the last reading stays. */
export function setTimes(fd: number, atimeNs: bigint | undefined, mtimeNs: bigint): void {
  const library = nativeLibrary();
  if (library !== undefined) library.call('futimens', fd, timesOf(atimeNs, mtimeNs));
  else futimesSync(fd, utimeOf(atimeNs ?? mtimeNs), utimeOf(mtimeNs));
}

/** The same for a name in an open directory; a symlink's own times. */
export function setTimesAt(directory: number, name: string, mtimeNs: bigint): void {
  const library = nativeLibrary();
  if (library === undefined) {
    const time = utimeOf(mtimeNs);
    lutimesSync(fsPath(`/proc/self/fd/${directory}/${name}`), time, time);
  } else
    library.call('utimensat', directory, cString(name), timesOf(undefined, mtimeNs), AT_SYMLINK_NOFOLLOW);
}

/** The same for a path; its last name is not followed when it is a link. */
export function setTimesOf(path: BytePath, mtimeNs: bigint): void {
  const library = nativeLibrary();
  if (library === undefined) {
    const time = utimeOf(mtimeNs);
    lutimesSync(fsPath(path), time, time);
  } else library.call('utimensat', AT_FDCWD, cString(path), timesOf(undefined, mtimeNs), AT_SYMLINK_NOFOLLOW);
}

/** Two `struct timespec`, each a pair of seconds and nanoseconds of 64 bits, for one call. */
const times = new BigInt64Array(4);
const timesBytes = Buffer.from(times.buffer);

function timesOf(atimeNs: bigint | undefined, mtimeNs: bigint): Buffer {
  writeTime(2, mtimeNs);
  if (atimeNs === undefined) times[1] = UTIME_OMIT;
  else if (atimeNs === mtimeNs) times.copyWithin(0, 2);
  else writeTime(0, atimeNs);
  return timesBytes;
}

function writeTime(at: number, time: bigint): void {
  const nanoseconds = ((time % NS) + NS) % NS;
  times[at] = (time - nanoseconds) / NS;
  times[at + 1] = nanoseconds;
}
