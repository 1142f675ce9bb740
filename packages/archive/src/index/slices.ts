/**
 * Cuts the content of a big file into slices, a frame each. A file that grew is cut where it was cut before. Its
 * whole slices are found again; only the rest, less than FRAME_BYTES, is compressed again with the bytes that were
 * appended.
 */
import { FRAME_BYTES } from './sizes.ts';
import { SLICE_BYTES } from './sizes.ts';

/** A part of a file's content, in bytes. */
export interface SliceSpan {
  position: number;
  length: number;
}

/**
 * Slices of at most SLICE_BYTES that follow each other and cover `size` bytes. All but the last are multiples of
 * FRAME_BYTES, so that there is no padding between them. A rest shorter than FRAME_BYTES is a slice of its own. A
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
