/**
 * The slices of a big file, a frame each. Most are cut by content (see content-cuts.ts). The end of a file, where no such
 * cut is found, is cut by length here: what grows is cut where it was cut before.
 */
import { paddedLength } from './file.ts';
import { FRAME_BYTES, SLICE_BYTES } from './sizes.ts';

/** A part of a file's content, in bytes. */
export interface SliceSpan {
  position: number;
  length: number;
}

/**
 * Slices of at most SLICE_BYTES that follow each other and cover `size` bytes. All but the last are multiples of
 * FRAME_BYTES. A rest shorter than FRAME_BYTES is a slice of its own, so that no more is compressed again when a file grows. A
 * slice ends wherever a slice of `before` ended at a multiple of FRAME_BYTES, so there are never more slices than
 * such multiples.
 */
export function* cutSlices(size: number, before: Iterable<SliceSpan> = []): Generator<SliceSpan> {
  let position = 0;
  for (const end of endsOf(size, before)) {
    while (position < end) {
      const length = Math.min(SLICE_BYTES, end - position);
      yield { position, length };
      position += length;
    }
  }
}

function* endsOf(size: number, before: Iterable<SliceSpan>): Generator<number> {
  for (const { position, length } of before) {
    const end = position + length;
    if (end % FRAME_BYTES === 0 && end <= size) yield end;
  }
  yield size - (size % FRAME_BYTES);
  yield size;
}

/** Slices cut by length that are shorter are joined once a cut by content comes after them: small ones compress worse. */
const JOINED_BELOW = 2 * FRAME_BYTES;

/**
 * A slice that was cut by content, as it is, or as parts of it: slices of `before` are kept that are long enough, and that
 * were cut by length when the file ended there. `before` begins where the slice begins, or is empty.
 */
export function* keepSlices(
  { position, length }: SliceSpan,
  before: Iterable<SliceSpan>,
): Generator<SliceSpan> {
  const end = position + length;
  let from = position;
  for (const kept of before) {
    const keptEnd = kept.position + kept.length;
    if (keptEnd >= end) break;
    if (kept.length < JOINED_BELOW || kept.length % FRAME_BYTES !== 0) continue;
    if (kept.position > from) yield { position: from, length: kept.position - from };
    yield { position: kept.position, length: kept.length };
    from = keptEnd;
  }
  yield { position: from, length: end - from };
}

/** What a slice takes in the tar stream: after the last one of a file the last block is filled. */
export function rawLengthOf({ position, length }: SliceSpan, size: number): number {
  return position + length < size ? length : paddedLength(size) - position;
}

/** The other way: bytes of content in the slice at `position` that takes `rawLength` bytes; undefined: there is no such slice. */
export function contentLengthOf(rawLength: number, position: number, size: number): number | undefined {
  const length = Math.min(rawLength, size - position);
  if (length <= 0 || length > SLICE_BYTES) return undefined;
  return rawLength === rawLengthOf({ position, length }, size) ? length : undefined;
}
