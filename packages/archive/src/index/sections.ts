/**
 * The frames of an index with their entries and slices. An index is untrusted. This module proves that its frames
 * follow each other as a tar stream must. frame-reader.ts proves, frame by frame, that the stream agrees.
 */
import { storedSizeOf } from '@gofr-backup/model';
import type { ArchiveIndex } from './file.ts';
import { damaged } from '../refusals.ts';
import { contentLengthOf, type SliceSpan } from './slices.ts';
import type { IndexEntry, IndexFrame } from './types.ts';

/** The most memory that is allocated on the word of an untrusted index; far above any frame of the writer. */
export const MAX_FRAME_BYTES = 32 << 20;

export interface Section {
  frame: IndexFrame;
  /** entries that begin in this frame */
  entries: IndexEntry[];
  /** ordinal of the first of them in the archive */
  firstEntry: number;
  /** the part of a large file that this frame is */
  slice?: FileSlice;
}

export interface FileSlice {
  entry: IndexEntry;
  /** ordinal of the entry in the archive */
  ordinal: number;
  /** of the slice in the content, as it is stored */
  offset: number;
  /** bytes of content, without padding */
  length: number;
}

export function damagedIndex(why: string): Error {
  return damaged('The index does not describe its archive.', why);
}

/**
 * In archive order. Throws ARCHIVE_DAMAGED where the frames contradict each other. `known`: frames without a sliced file that
 * were seen before; their entries are not decoded again, there are none.
 */
export function* sectionsOf(index: ArchiveIndex, known?: ReadonlySet<number>): Generator<Section> {
  let open: FileSlice | undefined;
  let ended = false;
  for (const frame of index.frames()) {
    if (ended) throw damagedIndex('A frame follows the end of the archive.');
    if ((frame.kind === 'slice') !== (open !== undefined))
      throw damagedIndex(`Frame ${frame.number} is out of place.`);
    if (frame.kind === 'slice') {
      const length = sliceLength(frame, open!.offset, storedSizeOf(open!.entry));
      const slice: FileSlice = { ...open!, length };
      yield { frame, entries: [], firstEntry: frame.firstEntry, slice };
      const offset = slice.offset + slice.length;
      open = offset < storedSizeOf(slice.entry) ? { ...slice, offset } : undefined;
      continue;
    }
    ended = frame.kind === 'end';
    const entries = known?.has(frame.number) ? [] : index.entriesOf(frame.number);
    if (ended && entries.length > 0) throw damagedIndex('The end of the archive has entries.');
    checkSliced(frame, entries);
    yield { frame, entries, firstEntry: frame.firstEntry };
    const last = entries.at(-1);
    if (last?.sliced)
      open = { entry: last, ordinal: frame.firstEntry + entries.length - 1, offset: 0, length: 0 };
  }
  if (!ended) throw damagedIndex('It has no end.');
}

/**
 * The slices of a file with `size` bytes of stored content whose header is the frame `header`. Throws ARCHIVE_DAMAGED when the frames
 * after it are no such slices.
 */
export function* slicesAfter(
  index: ArchiveIndex,
  header: number,
  size: number,
): Generator<SliceSpan & { frame: IndexFrame }> {
  for (let position = 0, number = header + 1; position < size; number++) {
    if (number >= index.frameCount) throw damagedIndex('Slices of a file are missing.');
    const frame = index.frame(number);
    const length = sliceLength(frame, position, size);
    yield { frame, position, length };
    position += length;
  }
}

/**
 * Bytes of content in the slice at `position` of a file of `size` bytes. Throws ARCHIVE_DAMAGED for a frame that cannot be a slice.
 */
function sliceLength(
  { number, kind, rawLength, entryCount }: IndexFrame,
  position: number,
  size: number,
): number {
  if (kind !== 'slice' || entryCount > 0) throw damagedIndex(`Frame ${number} is out of place.`);
  const length = contentLengthOf(rawLength, position, size);
  if (length === undefined) throw damagedIndex(`Frame ${number} has a wrong length.`);
  return length;
}

/** Throws ARCHIVE_DAMAGED for a frame larger than any that the writer makes. */
export function checkLengths({ number, kind, length, rawLength }: IndexFrame): void {
  const whole = kind === 'slice' || rawLength % 512 === 0;
  if (rawLength > MAX_FRAME_BYTES || length > MAX_FRAME_BYTES || rawLength === 0 || !whole)
    throw damagedIndex(`Frame ${number} has an impossible length.`);
}

function checkSliced(frame: IndexFrame, entries: IndexEntry[]): void {
  entries.forEach((entry, at) => {
    const fits = entry.type === 'file' && storedSizeOf(entry) > 0 && at === entries.length - 1;
    if (entry.storedSize !== undefined && !entry.sliced)
      throw damagedIndex(`Frame ${frame.number} has a file with holes that is not sliced.`);
    if (entry.sliced && !fits) throw damagedIndex(`Frame ${frame.number} has a sliced entry in the middle.`);
  });
}
