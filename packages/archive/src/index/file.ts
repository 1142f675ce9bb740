/**
 * The index beside an archive (`.idx`): the place of every frame and entry, and the attributes of the files when they
 * were read. It only saves time: every archive is complete without it.
 *
 * Format, version 2; all numbers little-endian, "varint" is LEB128:
 *
 *   magic      8 bytes  `gofridx2`
 *   pages      each: zstd-compressed columns of the entries of some consecutive frames, then their content hashes
 *              (SHA-256, 32 bytes each, in order). Each column has its number and its length before it; an empty one is
 *              left out. 0 flags, 1 path prefix and suffix lengths (front coding), 2 path suffixes, 3 mode+uid+gid, 4 sizes,
 *              5 seconds and 6 nanoseconds of mtime and ctime, 7 inodes (modulo 2^52, compared only), 8 header lengths in
 *              blocks, 9 link targets, 10 extended attributes, 11 stored sizes of files without their holes.
 *   footer     zstd-compressed: length and text of the facts (JSON: IndexFacts), the frame columns (flags, stored length,
 *              raw length, entry count, CRC-32 of the stored bytes, digest), the page columns (frames, entries,
 *              compressed length, raw length, hash count)
 *   trailer    footer length u32, its raw length u32, SHA-256 of everything before the trailer, `gofrend1`
 *
 * A column, or something behind the page columns of the footer, that a reader does not know is of no consequence to it,
 * unless the facts say that it is needed (`needs`). Version 1 had the columns 0 to 9, in this order and without numbers.
 *
 * Frames are contiguous from offset 0 of the archive, and entries are contiguous within the raw bytes of their frame, so
 * offsets follow from lengths. A file of more than SLICE_BYTES is `sliced`: its header is a frame of its own, and the
 * frames after it (kind `slice`) hold its content: each has at least one byte and at most SLICE_BYTES of it, and the last
 * is padded to whole blocks of 512. How much of the file a slice is follows from its raw length. (Until slices were cut by
 * content, each was whole blocks.)
 *
 * A file without its holes (column 11, `needs`: holes) is always sliced. Its size is the file's; its slices hold the
 * stored size: the first is the map of GNU's sparse format 1.0, whole, and the others the data in its order. So the digests
 * of its frames prove where the holes are as they prove the data, and nobody hashes zeros.
 */
import { BackupError, type BytePath } from '@gofr-backup/model';
import { openRegular } from '@gofr-backup/posix';
import { checkSum, decodeFooter, readEnds, TRAILER_BYTES } from './footer.ts';
import { decodePaths, PageReader } from './page.ts';
import { digestPages, type Page, pagesOf, type ReadPage } from './pages.ts';
import type { PathSearch } from './path-search.ts';
import {
  FRAME_KINDS,
  type FrameTable,
  type IndexEntry,
  type IndexFacts,
  type IndexFrame,
  type IndexVersion,
  REUSABLE,
  type SharedIndex,
} from './types.ts';

interface Reading {
  page: Page;
  entries: PageReader;
  /** the frame that the next entries belong to */
  frame: number;
}

function holds(page: Page, frame: number): boolean {
  return frame >= page.firstFrame && frame < page.firstFrame + page.frames;
}

export interface IndexUse {
  /** entries are used before those of another frame are asked for: the memory of a page is freed when the next is read */
  freesPages?: boolean;
}

/** A loaded index: the frame table in memory, entries decoded a page at a time. All numbers are checked for consistency. */
export class ArchiveIndex {
  readonly facts: IndexFacts;
  readonly frameCount: number;
  readonly entryCount: number;
  #table: FrameTable;
  #pages: Page[];
  #read: ReadPage;
  #version: IndexVersion;
  #freesPages: boolean;
  /**
   * how far the page is decoded: readers go forward, and entries decoded far ahead of them would survive young
   * collections
   */
  #reading: Reading | undefined;
  #latest: { frame: number; entries: IndexEntry[] } | undefined;

  constructor(
    { version, facts, table, pages }: Omit<SharedIndex, 'file'>,
    read: ReadPage,
    { freesPages = false }: IndexUse = {},
  ) {
    this.#freesPages = freesPages;
    this.#version = version;
    this.facts = facts;
    this.#table = table;
    this.#pages = pages;
    this.#read = read;
    this.frameCount = table.flags.length;
    this.entryCount = table.firstEntries[this.frameCount]!;
  }

  frame(number: number): IndexFrame {
    const { flags, offsets, rawLengths, crcs, firstEntries, digests } = this.#table;
    if (!(number >= 0 && number < this.frameCount)) throw new RangeError(`no frame ${number}`);
    return {
      number,
      kind: FRAME_KINDS[flags[number]! & 3]!,
      offset: offsets[number]!,
      length: offsets[number + 1]! - offsets[number]!,
      rawLength: rawLengths[number]!,
      crc32: crcs[number]!,
      digest: Buffer.from(digests.buffer, digests.byteOffset + number * 32, 32),
      reusable: (flags[number]! & REUSABLE) !== 0,
      firstEntry: firstEntries[number]!,
      entryCount: firstEntries[number + 1]! - firstEntries[number]!,
    };
  }

  *frames(): Generator<IndexFrame> {
    for (let number = 0; number < this.frameCount; number++) yield this.frame(number);
  }

  /**
   * Throws ARCHIVE_DAMAGED when the page does not decode that far. It is cheap for the frame of the call before and
   * for the next frame.
   */
  entriesOf(frame: number): IndexEntry[] {
    if (this.#latest?.frame === frame) return this.#latest.entries;
    const reading = this.#readingAt(frame);
    if (reading === undefined) return [];
    // After a failure half way the page is read from its beginning again.
    this.#reading = undefined;
    let entries: IndexEntry[];
    do entries = checked(() => nextEntries(reading.entries, this.frame(reading.frame++)));
    while (reading.frame <= frame);
    this.#reading = reading;
    this.#latest = { frame, entries };
    return entries;
  }

  /** By its ordinal, counted from 0 over all entries: RangeError when there is none. Throws as entriesOf does. */
  entryAt(ordinal: number): IndexEntry {
    const frame = this.frameOfEntry(ordinal);
    return this.entriesOf(frame)[ordinal - this.#table.firstEntries[frame]!]!;
  }

  /** The frame in which the entry with this ordinal begins. */
  frameOfEntry(ordinal: number): number {
    const { firstEntries } = this.#table;
    if (!(ordinal >= 0 && ordinal < this.entryCount)) throw new RangeError(`no entry ${ordinal}`);
    let [low, high] = [0, this.frameCount - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (firstEntries[middle + 1]! > ordinal) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /**
   * Ordinal (counted from 0 over all entries) of the last entry whose path matches: the one that tar would leave. Of those
   * before `before`.
   */
  findLast(matches: (path: BytePath) => boolean, before = Infinity): number | undefined {
    let found: number | undefined;
    this.#pages.forEach((page, n) => {
      let ordinal = page.firstEntry;
      checked(() => {
        for (const path of this.#paths(page, n)) {
          if (ordinal < before && matches(path)) found = ordinal;
          ordinal++;
        }
      });
    });
    return found;
  }

  /** The entries whose paths match, in archive order. */
  *matching(search: PathSearch): Generator<IndexEntry> {
    const { firstEntries } = this.#table;
    for (const [n, page] of this.#pages.entries()) {
      const places = checked(() => search.inPage(this.#read(page, n).columns, page, this.#version));
      let frame = page.firstFrame;
      for (const place of places) {
        const ordinal = page.firstEntry + place;
        while (firstEntries[frame + 1]! <= ordinal) frame++;
        yield this.entriesOf(frame)[ordinal - firstEntries[frame]!]!;
      }
    }
  }

  #paths(page: Page, n: number): Generator<BytePath> {
    return decodePaths(this.#read(page, n).columns, page.rawLength, page.entries, this.#version);
  }

  /** In archive order. */
  *entries(): Generator<IndexEntry> {
    for (let number = 0; number < this.frameCount; number++) yield* this.entriesOf(number);
  }

  #pageOf(frame: number): number | undefined {
    let low = 0;
    let high = this.#pages.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#pages[middle]!.firstFrame <= frame) low = middle;
      else high = middle - 1;
    }
    const page = this.#pages[low];
    return page !== undefined && holds(page, frame) ? low : undefined;
  }

  #readingAt(frame: number): Reading | undefined {
    if (this.#reading && holds(this.#reading.page, frame) && this.#reading.frame <= frame)
      return this.#reading;
    const number = this.#pageOf(frame);
    if (number === undefined) return undefined;
    const page = this.#pages[number]!;
    if (this.#freesPages) this.#forget();
    const entries = checked(() => {
      const { columns, hashes } = this.#read(page, number);
      return new PageReader(columns, page.rawLength, hashes, page.entries, this.#version);
    });
    return { page, entries, frame: page.firstFrame };
  }

  #forget(): void {
    this.#reading?.entries.free();
    this.#reading = this.#latest = undefined;
  }
}

/** An index and its file, which is read as long as the index is. */
export interface OpenedIndex {
  index: ArchiveIndex;
  /** for sharedIndex, in any thread of this process, while the file is open */
  shared: SharedIndex;
  close(): Promise<void>;
}

/**
 * Opens an index and checks it. The content of a page is checked when the page is decoded. Throws ARCHIVE_DAMAGED
 * when the file is no complete index; errors of the system are passed on.
 */
export async function openIndex(path: string): Promise<OpenedIndex> {
  const file = await openRegular(path);
  try {
    const { size } = await file.stat();
    const ends = await readEnds(file, size);
    const parts = checked(() => decodeFooter(ends));
    const { whole, digests } = await digestPages(file, parts.pages, size - TRAILER_BYTES);
    checked(() => checkSum(whole, ends.trailer));
    const shared: SharedIndex = { ...parts, file: { file: file.fd, digests } };
    return { index: sharedIndex(shared), shared, close: () => file.close() };
  } catch (cause) {
    await file.close();
    throw cause instanceof RangeError ? damagedIndex(cause.message, cause) : cause;
  }
}

/** The index in another thread; nothing is decoded again. */
export function sharedIndex(shared: SharedIndex, use?: IndexUse): ArchiveIndex {
  return new ArchiveIndex(shared, pagesOf(shared.file), use);
}

function nextEntries(page: PageReader, frame: IndexFrame): IndexEntry[] {
  const entries: IndexEntry[] = [];
  // The count is untrusted, so no memory is reserved for it.
  while (entries.length < frame.entryCount) entries.push(page.next());
  return placeEntries(frame, entries);
}

/** Sets the places of a frame's decoded entries. */
function placeEntries(frame: IndexFrame, entries: IndexEntry[]): IndexEntry[] {
  let at = 0;
  for (const entry of entries) {
    entry.frame = frame.number;
    entry.headerOffset = at;
    entry.dataOffset += at;
    at = entry.dataOffset + (entry.sliced ? 0 : paddedLength(entry.size));
    if (at > frame.rawLength) throw damagedIndex('an entry lies outside its frame');
  }
  return entries;
}

/** Bytes that content takes in a tar stream: whole blocks of 512. */
export function paddedLength(size: number): number {
  return Math.ceil(size / 512) * 512;
}

/** Turns a failure to decode into ARCHIVE_DAMAGED. */
export function checked<T>(decode: () => T): T {
  try {
    return decode();
  } catch (cause) {
    if (cause instanceof BackupError) throw cause;
    throw damagedIndex(cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function damagedIndex(why: string, cause?: unknown): BackupError {
  return new BackupError('ARCHIVE_DAMAGED', 'The index of an archive is damaged', {
    why,
    hint: 'Run `gofr-backup rebuild`: the archive itself is complete without it.',
    ...(cause === undefined ? {} : { cause }),
  });
}
