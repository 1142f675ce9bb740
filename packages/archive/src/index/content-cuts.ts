/**
 * Where a big file is cut, by its content: behind a window of 16 bytes whose hash is small. So a cut stays with the
 * bytes around it when others are inserted or removed elsewhere, and the slices between such cuts are found again. A cut
 * depends only on what comes before it: a file that grows keeps its cuts.
 */
import { instantiate } from '../codec/wasm-instance.ts';
import { CUTS_MODULE } from './cuts-wasm.ts';
import { SLICE_BYTES } from './sizes.ts';

/**
 * No slice but the last ones of a file is shorter, so only what comes after so many bytes need be looked at. Together with
 * USUAL_SEARCH that is an eighth of a file. Measured on 800 MB of logs, an insertion costs one slice; one of many bytes, after
 * which the cuts have to meet again, costs six.
 */
export const LEAST_SLICE_BYTES = 1280 * 1024;
/** Bytes until the next cut, on average. One slice in fifty is cut at SLICE_BYTES because no cut is found before. */
const USUAL_SEARCH = 192 * 1024;

const WINDOW = 16;
/** As signed numbers, because only these can be compared many at a time. */
const LIMIT = Math.round(2 ** 32 / USUAL_SEARCH) - 2 ** 31;

/** Fills `target` with the bytes at `position` of a file. */
export type ReadAt = (target: Buffer, position: number) => void;

interface CutFinder {
  memory: { buffer: ArrayBuffer };
  inputAt(): number;
  inputBytes(): number;
  /** The end of the first window with a hash below `limit`; 0: none. */
  find(length: number, limit: number): number;
}

let finder: { find: CutFinder['find']; input: Buffer } | undefined;

function theFinder(): NonNullable<typeof finder> {
  if (finder === undefined) {
    const { memory, inputAt, inputBytes, find } = instantiate<CutFinder>(CUTS_MODULE);
    finder = { find, input: Buffer.from(memory.buffer, inputAt(), inputBytes()) };
  }
  return finder;
}

/**
 * The ends of at most `most` slices that follow each other from `from` on, in a file of `size` bytes. They end early where
 * what is left is at most SLICE_BYTES and has no cut.
 */
export function findCuts(
  read: ReadAt,
  { from, size, most }: { from: number; size: number; most: number },
): number[] {
  const ends: number[] = [];
  for (let start = from; ends.length < most;) {
    const end = cutAfter(read, start, size);
    if (end === undefined) break;
    ends.push(end);
    start = end;
  }
  return ends;
}

function cutAfter(read: ReadAt, start: number, size: number): number | undefined {
  const { find, input } = theFinder();
  const last = Math.min(start + SLICE_BYTES, size);
  // the windows of two pieces overlap, so that each window is in one of them
  for (let at = start + LEAST_SLICE_BYTES - WINDOW; at + WINDOW <= last;) {
    const piece = input.subarray(0, Math.min(input.length, last - at));
    read(piece, at);
    const found = find(piece.length, LIMIT);
    if (found > 0) return at + found;
    at += piece.length - WINDOW + 1;
  }
  return last === start + SLICE_BYTES ? last : undefined;
}
