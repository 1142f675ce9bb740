/**
 * Proves that the tar headers in a frame, which plain tar would follow, agree with the index. Nearly all headers are,
 * to the byte, what this program writes for the entry. Writing them again and comparing takes a quarter of the time
 * of parsing.
 */
import { type ArchiveEntry, areSameXattrs, isHeld, storedSizeOf } from '@gofr-backup/model';
import type { IndexEntry, IndexFrame } from '../index/types.ts';
import { writeHeaderBlocks } from '../tar/header-blocks.ts';
import { paddedLength } from '../index/file.ts';
import { damagedEntry, damagedFrame } from '../refusals.ts';
import { archiveEntryOf } from '../extract/safety.ts';
import { ID_RANGE } from '../tar/header.ts';
import { TarParser } from '../tar/parser.ts';
import { mostXattrBytes } from '../tar/pax.ts';

/** Headers with longer names (name and link target together) or attributes are left to the parser. */
const LONGEST_NAMES = 1024;
const expected = Buffer.alloc(8 * LONGEST_NAMES);

/** Throws ARCHIVE_DAMAGED. The entries' names were checked elsewhere. */
export function proveHeaders(raw: Buffer, frame: IndexFrame, entries: readonly IndexEntry[]): void {
  if (frame.kind === 'slice' || (frame.kind !== 'end' && areAsWritten(raw, entries))) return;
  proveParsed(raw, frame, entries);
}

function areAsWritten(raw: Buffer, entries: readonly IndexEntry[]): boolean {
  let at = 0;
  for (const entry of entries) {
    const { dataOffset, size, sliced } = entry;
    if (!isOrdinary(entry)) return false;
    const end = at + writeHeaderBlocks(expected, 0, entry);
    if (end !== dataOffset || raw.compare(expected, 0, end - at, at, end) !== 0) return false;
    // the content of a sliced file is in the frames that follow
    at = dataOffset + (sliced ? 0 : paddedLength(size));
    if (sliced && at < raw.length) return false;
  }
  return at === raw.length;
}

/** Whether the entry has only values that the parser accepts. */
function isOrdinary({ path, linkTarget, uid, gid, mtimeNs, xattrs, storedSize }: IndexEntry): boolean {
  const again = storedSize === undefined ? 0 : path.length;
  const names = path.length + again + (linkTarget?.length ?? 0) + mostXattrBytes(xattrs);
  return names <= LONGEST_NAMES && uid <= ID_RANGE[1] && gid <= ID_RANGE[1] && isHeld(mtimeNs);
}

/** Proves the headers with the parser, whichever program wrote them: entry by entry, up to the end of the frame. */
export function proveParsed(raw: Buffer, frame: IndexFrame, entries: readonly IndexEntry[]): void {
  let seen = 0;
  const parser = new TarParser({
    member(member) {
      const expected = entries[seen++];
      const found = archiveEntryOf(member);
      if (!expected || !found)
        throw damagedFrame(frame, 'It has entries that the index does not know.', entries);
      const difference = member.start === expected.headerOffset ? differenceOf(found, expected) : 'place';
      if (difference) throw damagedEntry(expected.path, `Its ${difference} is not what the index says.`);
    },
    data() {},
  });
  parser.push(raw);
  if (seen !== entries.length) throw damagedFrame(frame, 'Entries of the index are missing in it.', entries);
  const last = entries.at(-1);
  const wanted = last?.sliced ? paddedLength(storedSizeOf(last)) : 0;
  if (frame.kind === 'end') parser.end();
  if (
    parser.ended !== (frame.kind === 'end') ||
    parser.remaining !== wanted ||
    !(wanted > 0 || parser.ended || parser.atBoundary)
  ) {
    throw damagedFrame(frame, 'It does not end with an entry.', entries);
  }
}

const COMPARED = [
  'path',
  'type',
  'size',
  'mode',
  'uid',
  'gid',
  'mtimeNs',
  'linkTarget',
  'storedSize',
] as const;

function differenceOf(found: ArchiveEntry, expected: IndexEntry): string | undefined {
  const difference = COMPARED.find((key) => found[key] !== expected[key]);
  return difference ?? (areSameXattrs(found.xattrs, expected.xattrs) ? undefined : 'extended attributes');
}
