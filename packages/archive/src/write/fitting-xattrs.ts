/** The extended attributes that go into a frame: those that fit. */
import type { Xattrs } from '@gofr-backup/model';
import { readEntryXattrs, type ReadXattrs } from '../source/entry-xattrs.ts';
import type { WalkEntry } from '../source/source.ts';
import { BLOCK } from '../tar/header.ts';
import { mostXattrBytes } from '../tar/pax.ts';

/** They do not fit into the frame of their entry. */
export const TOO_LARGE = 'TOO_LARGE';

/** `fd`: the entry itself, where it is open. `room`: bytes of the frame that are left. */
export function readFittingXattrs(entry: WalkEntry, fd: number | undefined, room: number): ReadXattrs {
  const read = readEntryXattrs(entry, fd);
  const isTooLarge = read.xattrs !== undefined && lengthOfXattrs(read.xattrs) > room;
  return isTooLarge ? { xattrsMissing: TOO_LARGE } : read;
}

/** What they take in a tar stream, at most: their pax records, the header of these, the padding. */
export const lengthOfXattrs = (xattrs: Xattrs | undefined): number =>
  xattrs === undefined ? 0 : mostXattrBytes(xattrs) + 2 * BLOCK;
