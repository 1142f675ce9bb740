/**
 * Cuts the data of a file with holes into slices: one for each SLICE_BYTES of the file that have data. So data that comes
 * or goes changes the slice of its place, and no other.
 */
import type { SliceSpan } from './slices.ts';
import { SLICE_BYTES } from './sizes.ts';

/** A part of the content as it is stored. */
export interface HoledSlice extends SliceSpan {
  /** where the data lies in the file */
  parts?: SliceSpan[];
  /** the bytes themselves: a map */
  content?: Uint8Array;
}

/** The parts of each slice. `parts` ascend, and do not touch what comes before them. */
export function* cutParts(parts: Iterable<SliceSpan>): Generator<SliceSpan[]> {
  let slice: SliceSpan[] = [];
  for (const part of parts)
    for (const piece of cutAtSlices(part)) {
      if (slice.length > 0 && placeOfSlice(slice) !== placeOfSlice([piece])) {
        yield slice;
        slice = [];
      }
      slice.push(piece);
    }
  if (slice.length > 0) yield slice;
}

/** Where in the file the slice with these parts begins. */
function placeOfSlice(parts: readonly SliceSpan[]): number {
  const { position } = parts[0]!;
  return position - (position % SLICE_BYTES);
}

export const lengthOf = (parts: readonly SliceSpan[]): number =>
  parts.reduce((sum, { length }) => sum + length, 0);

function* cutAtSlices({ position, length }: SliceSpan): Generator<SliceSpan> {
  const end = position + length;
  for (let at = position; at < end;) {
    const next = Math.min(end, at - (at % SLICE_BYTES) + SLICE_BYTES);
    yield { position: at, length: next - at };
    at = next;
  }
}
