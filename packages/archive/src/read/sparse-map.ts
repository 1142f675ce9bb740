/** The map of a file without its holes, which is the first of its slices. */
import type { IndexEntry } from '../index/types.ts';
import { hostile } from '../refusals.ts';
import { MalformedHeader } from '../tar/header.ts';
import { parseSparseMap, type SparseMap } from '../tar/sparse.ts';

/** What the map is checked against. */
export type MappedFile = Pick<IndexEntry, 'path' | 'size' | 'storedSize'>;

/** Throws ARCHIVE_HOSTILE, naming the file, when it is no map of such a file. */
export function sparseMapOf(slice: Buffer, { path, size, storedSize }: MappedFile): SparseMap {
  try {
    return parseSparseMap(slice, size, storedSize!);
  } catch (cause) {
    if (cause instanceof MalformedHeader) throw hostile(path, cause.message);
    throw cause;
  }
}
