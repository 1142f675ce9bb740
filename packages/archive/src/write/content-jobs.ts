/**
 * Jobs that read a big file and write nothing: they find out where to cut it, and which slices of the previous archive are
 * still where they were. What they find is a proposal only. The bytes that are archived are proved by the jobs that write.
 */
import { type FileState, isSameState, readFully, stateOf } from '@gofr-backup/posix';
import { digestFrame } from '../codec/digest.ts';
import { findCuts } from '../index/content-cuts.ts';
import { contentLengthOf } from '../index/slices.ts';
import { type StoredSlices, storedFrame } from './stored-slices.ts';

export type ContentJob = CutJob | CompareJob;

/** Answers the ends of at most `most` slices from `from` on. */
export interface CutJob {
  kind: 'cut';
  fd: number;
  from: number;
  size: number;
  most: number;
}

/** Answers which of `count` frames from `first` on, slices of the file before, have the bytes that are at `position` now. */
export interface CompareJob {
  kind: 'compare';
  fd: number;
  size: number;
  opened: FileState;
  position: number;
  first: number;
  count: number;
}

/** What cannot be read is zeros here. The slice that reads it says what is wrong. */
export function cutContent({ fd, ...span }: CutJob): number[] {
  return findCuts((target, position) => {
    let done = 0;
    try {
      done = readFully(fd, target, 0, target.length, position);
    } catch {}
    target.fill(0, done);
  }, span);
}

/**
 * Reads with the memory `raw`. A frame counts only when the file is in the state in which it was opened, before the reading
 * and after it.
 */
export function compareContent(
  { fd, size, opened, first, count, ...job }: CompareJob,
  slices: StoredSlices,
  raw: Buffer,
): boolean[] {
  let { position } = job;
  return Array.from({ length: count }, (_, n) => {
    const { rawLength, digest } = storedFrame(slices, first + n);
    const length = contentLengthOf(rawLength, position, size);
    if (length === undefined) return false;
    const content = raw.subarray(0, rawLength);
    const same = isSameState(stateOf(fd), opened) && readSame(fd, content, length, position);
    position += length;
    return same && digestFrame(content, []).digest.equals(digest) && isSameState(stateOf(fd), opened);
  });
}

function readSame(fd: number, content: Buffer, length: number, position: number): boolean {
  try {
    if (readFully(fd, content, 0, length, position) < length) return false;
  } catch {
    return false;
  }
  content.fill(0, length);
  return true;
}
