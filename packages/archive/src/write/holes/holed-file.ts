/** A file that is archived without its holes: its map, and the slices of its data. */
import { cutParts, type HoledSlice, lengthOf } from '../../index/holed-slices.ts';
import type { SliceSpan } from '../../index/slices.ts';
import { archivedParts } from '../../source/data-parts.ts';
import type { OpenedFile, Surroundings } from '../sliced-file.ts';
import { MOST_PARTS, sparseMapBlocks } from '../../tar/sparse-blocks.ts';

export interface HoledFile {
  storedSize: number;
  slices: Iterable<HoledSlice>;
}

/** Undefined when there are no holes that are worth it. Whoever reads the file then says what is wrong with it. */
export async function holedFile(fd: number, size: number): Promise<HoledFile | undefined> {
  const parts = await archivedParts(fd, size, MOST_PARTS).catch(() => undefined);
  if (parts === undefined) return undefined;
  const map = sparseMapBlocks(parts, size);
  return { storedSize: map.length + lengthOf(parts), slices: slicesOf(map, parts) };
}

function* slicesOf(map: Buffer, parts: SliceSpan[]): Generator<HoledSlice> {
  let position = map.length;
  // memory of its own: posting a view posts all of its memory
  yield { position: 0, length: map.length, content: new Uint8Array(map) };
  for (const slice of cutParts(parts)) {
    const length = lengthOf(slice);
    yield { position, length, parts: slice };
    position += length;
  }
}

/** Everything is handed in when it returns. The header was handed in before. */
export async function archiveHoled(
  { storedSize, slices }: HoledFile,
  { fd, opened }: Pick<OpenedFile, 'fd' | 'opened'>,
  { queue, take, changed, done }: Surroundings,
): Promise<void> {
  let pending = 1;
  let isChanged = false;
  const delivered = (changedNow: boolean): void => {
    if (changedNow && !isChanged) changed();
    isChanged ||= changedNow;
    if (--pending === 0) done();
  };
  for (const slice of slices) {
    await take(slice.length);
    pending++;
    await queue.slice({ fd, ...slice, size: storedSize, opened }, delivered);
  }
  delivered(false);
}
