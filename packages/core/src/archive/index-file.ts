/**
 * The index beside an archive (`.idx`): where every frame and entry lies, and what the files looked like when they were
 * read. It only ever saves time: every archive is complete without it.
 *
 * Format, version 1; all numbers little-endian, "varint" is LEB128:
 *
 *   magic      8 bytes  `gofridx1`
 *   pages      each: zstd-compressed columns of the entries of some consecutive frames, then their content hashes
 *              (SHA-256, 32 bytes each, in order). Columns, each preceded by its length: flags, path prefix and suffix
 *              lengths (front coding), path suffixes, mode+uid+gid, sizes, seconds and nanoseconds of mtime and ctime,
 *              inodes (modulo 2^52, compared only), header lengths in blocks, link targets.
 *   footer     zstd-compressed: length and text of the facts (JSON: IndexFacts), the frame columns (flags, stored length,
 *              raw length, entry count, CRC-32 of the stored bytes, digest), the page columns (frames, entries,
 *              compressed length, raw length, hash count)
 *   trailer    footer length u32, its raw length u32, SHA-256 of everything before the trailer, `gofrend1`
 *
 * Frames are contiguous from offset 0 of the archive, and entries are contiguous within the raw bytes of their frame, so
 * offsets follow from lengths. A file of more than SLICE_BYTES is `sliced`: its header is a frame of its own, and the
 * frames after it (kind `slice`) hold its content: each has at least one block of 512 bytes and at most SLICE_BYTES, whole
 * blocks only, and the last is padded to them. How much of the file a slice is follows from its raw length.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { zstdDecompressSync } from 'node:zlib';
import { COMPRESSIONS, type Compression } from '../catalogue.ts';
import { BackupError } from '../errors.ts';
import { ColumnReader } from './columns.ts';
import { decodePaths, PageReader } from './index-page.ts';
import type { BytePath, EntryType } from './types.ts';

/** Content of files longer than this is cut into slices no longer than this, each a frame. Part of the format. */
export const SLICE_BYTES = 2 * 1024 * 1024;
export const MAGIC = 'gofridx1';
export const END_MAGIC = 'gofrend1';
export const TRAILER_BYTES = 48;
/** Frame flags in the file. */
export const FRAME_KINDS = ['entries', 'slice', 'end'] as const;
export const REUSABLE = 4;
const MAX_FOOTER_BYTES = 1024 * 1024 * 1024;

/** entries: whole tar entries (or one sliced file's header); slice: part of a file's content; end: the two zero blocks. */
export type FrameKind = (typeof FRAME_KINDS)[number];

export interface IndexFrame {
  number: number;
  kind: FrameKind;
  /** where its stored (compressed) bytes lie in the archive */
  offset: number;
  length: number;
  rawLength: number;
  /** zlib.crc32 of the stored bytes: proves a copy */
  crc32: number;
  /** see digest.ts */
  digest: Buffer;
  /** false: something in it was not read in one consistent piece, or may not be compared by its file's times */
  reusable: boolean;
  firstEntry: number;
  entryCount: number;
}

export interface IndexEntry {
  path: BytePath;
  type: EntryType;
  /** bytes of content; 0 but for files */
  size: number;
  mode: number;
  uid: number;
  gid: number;
  mtimeNs: bigint;
  /** when the inode last changed, as fstat said it before the content was read; 0n: unknown */
  ctimeNs: bigint;
  /** modulo 2^52; 0: unknown */
  ino: number;
  linkTarget?: BytePath;
  /** SHA-256 of the content; files that are not sliced only */
  hash?: Buffer;
  /** had holes: a restore leaves its blocks of zeros unwritten */
  sparse: boolean;
  /** content lies in the `slice` frames that follow its own */
  sliced: boolean;
  /** the frame of its header */
  frame: number;
  /** of its first header block (pax included) and of its content, within the frame's raw bytes */
  headerOffset: number;
  dataOffset: number;
}

export interface IndexFacts {
  codec: Compression;
  level: number;
  /** hex */
  archiveSha256: string;
  archiveSize: number;
  /** nanoseconds since the epoch, decimal: wall clock before the first file was looked at; '0' when unknown */
  walkStartNs: string;
}

interface FrameTable {
  flags: Uint8Array;
  offsets: Float64Array;
  rawLengths: Float64Array;
  crcs: Uint32Array;
  firstEntries: Float64Array;
  digests: Buffer;
}

interface Page {
  firstFrame: number;
  frames: number;
  firstEntry: number;
  entries: number;
  columns: Buffer;
  rawLength: number;
  hashes: Buffer;
}

interface Reading {
  page: Page;
  entries: PageReader;
  /** that the next entries belong to */
  frame: number;
}

function holds(page: Page, frame: number): boolean {
  return frame >= page.firstFrame && frame < page.firstFrame + page.frames;
}

/** A loaded index: the frame table in memory, entries decoded a page at a time. All numbers are checked for consistency. */
export class ArchiveIndex {
  readonly facts: IndexFacts;
  readonly frameCount: number;
  readonly entryCount: number;
  #table: FrameTable;
  #pages: Page[];
  /** how far a page is decoded: readers go forward, and what is decoded ahead of them outlives the collector's first looks */
  #reading: Reading | undefined;
  #latest: { frame: number; entries: IndexEntry[] } | undefined;

  constructor(facts: IndexFacts, table: FrameTable, pages: Page[]) {
    this.facts = facts;
    this.#table = table;
    this.#pages = pages;
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
      digest: digests.subarray(number * 32, number * 32 + 32),
      reusable: (flags[number]! & REUSABLE) !== 0,
      firstEntry: firstEntries[number]!,
      entryCount: firstEntries[number + 1]! - firstEntries[number]!,
    };
  }

  *frames(): Generator<IndexFrame> {
    for (let number = 0; number < this.frameCount; number++) yield this.frame(number);
  }

  /** Throws ARCHIVE_DAMAGED when the page does not decode that far. Cheap for the frame of the last time, and for the next. */
  entriesOf(frame: number): IndexEntry[] {
    if (this.#latest?.frame === frame) return this.#latest.entries;
    const reading = this.#readingAt(frame);
    if (reading === undefined) return [];
    // what fails half way begins anew
    this.#reading = undefined;
    let entries: IndexEntry[];
    do entries = checked(() => nextEntries(reading.entries, this.frame(reading.frame++)));
    while (reading.frame <= frame);
    this.#reading = reading;
    this.#latest = { frame, entries };
    return entries;
  }

  /** Ordinal, counted from 0 over all entries, of the last whose path matches: tar would leave that one. */
  findLast(matches: (path: BytePath) => boolean): number | undefined {
    let found: number | undefined;
    for (const { firstEntry, entries, columns, rawLength } of this.#pages) {
      let ordinal = firstEntry;
      checked(() => {
        for (const path of decodePaths(columns, rawLength, entries)) {
          if (matches(path)) found = ordinal;
          ordinal++;
        }
      });
    }
    return found;
  }

  /** In archive order. */
  *entries(): Generator<IndexEntry> {
    for (let number = 0; number < this.frameCount; number++) yield* this.entriesOf(number);
  }

  #pageOf(frame: number): Page | undefined {
    let low = 0;
    let high = this.#pages.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#pages[middle]!.firstFrame <= frame) low = middle;
      else high = middle - 1;
    }
    const page = this.#pages[low];
    return page !== undefined && holds(page, frame) ? page : undefined;
  }

  #readingAt(frame: number): Reading | undefined {
    if (this.#reading && holds(this.#reading.page, frame) && this.#reading.frame <= frame)
      return this.#reading;
    const page = this.#pageOf(frame);
    if (page === undefined) return undefined;
    const { columns, rawLength, hashes, firstFrame } = page;
    const entries = checked(() => new PageReader(columns, rawLength, hashes, page.entries));
    return { page, entries, frame: firstFrame };
  }
}

/**
 * Reads an index and checks all of it but the pages' inside (they are checked when they are decoded).
 * Throws ARCHIVE_DAMAGED when it is not a complete index, ENOENT and the like as they come.
 */
export async function loadIndex(path: string): Promise<ArchiveIndex> {
  return decodeIndex(await readFile(path));
}

export function decodeIndex(file: Buffer): ArchiveIndex {
  return checked(() => {
    const trailerAt = file.length - TRAILER_BYTES;
    if (trailerAt < MAGIC.length || file.toString('latin1', 0, MAGIC.length) !== MAGIC)
      throw new RangeError('it is not an index of this version');
    if (file.toString('latin1', file.length - 8) !== END_MAGIC) throw new RangeError('it is not complete');
    const sum = createHash('sha256').update(file.subarray(0, trailerAt)).digest();
    if (!sum.equals(file.subarray(trailerAt + 8, trailerAt + 40)))
      throw new RangeError('its checksum is wrong');
    const footerLength = file.readUInt32LE(trailerAt);
    const rawLength = file.readUInt32LE(trailerAt + 4);
    const footerAt = trailerAt - footerLength;
    if (footerAt < MAGIC.length || rawLength > MAX_FOOTER_BYTES)
      throw new RangeError('its footer is out of bounds');
    const footer = zstdDecompressSync(file.subarray(footerAt, trailerAt), {
      maxOutputLength: Math.max(rawLength, 1),
    });
    return decodeFooter(new ColumnReader(footer), new ColumnReader(file.subarray(MAGIC.length, footerAt)));
  });
}

function decodeFooter(footer: ColumnReader, body: ColumnReader): ArchiveIndex {
  const facts = checkFacts(JSON.parse(footer.latin1(footer.varint())));
  const table = decodeFrames(footer, facts);
  const pages: Page[] = [];
  let firstFrame = 0;
  let firstEntry = 0;
  for (let n = footer.varint(); n > 0; n--) {
    const frames = footer.varint();
    const entries = footer.varint();
    const columns = body.raw(footer.varint());
    const rawLength = footer.varint();
    const hashes = body.raw(footer.varint() * 32);
    pages.push({ firstFrame, frames, firstEntry, entries, columns, rawLength, hashes });
    firstFrame += frames;
    firstEntry += entries;
    if (table.firstEntries[firstFrame] !== firstEntry)
      throw new RangeError('its pages do not fit its frames');
  }
  if (firstEntry !== table.firstEntries[table.flags.length] || body.remaining !== 0)
    throw new RangeError('its pages do not cover its frames');
  return new ArchiveIndex(facts, table, pages);
}

function decodeFrames(footer: ColumnReader, facts: IndexFacts): FrameTable {
  const count = footer.varint();
  if (count * 36 > footer.remaining) throw new RangeError('it names more frames than it holds');
  const table: FrameTable = {
    flags: new Uint8Array(count),
    offsets: new Float64Array(count + 1),
    rawLengths: new Float64Array(count),
    crcs: new Uint32Array(count),
    firstEntries: new Float64Array(count + 1),
    digests: Buffer.alloc(0),
  };
  for (let n = 0; n < count; n++) {
    table.flags[n] = footer.byte();
    if ((table.flags[n]! & 3) > 2) throw new RangeError('a frame is of an unknown kind');
    table.offsets[n + 1] = table.offsets[n]! + footer.varint();
    table.rawLengths[n] = footer.varint();
    table.firstEntries[n + 1] = table.firstEntries[n]! + footer.varint();
    table.crcs[n] = footer.uint32();
  }
  table.digests = footer.raw(count * 32);
  if (table.offsets[count] !== facts.archiveSize) throw new RangeError('its frames do not cover the archive');
  return table;
}

function checkFacts(facts: unknown): IndexFacts {
  const { codec, level, archiveSha256, archiveSize, walkStartNs } = Object(facts) as Record<string, unknown>;
  const known = COMPRESSIONS.find((name) => name === codec);
  if (
    known === undefined ||
    !Number.isInteger(level) ||
    !Number.isSafeInteger(archiveSize) ||
    typeof archiveSha256 !== 'string' ||
    !/^[0-9a-f]{64}$/.test(archiveSha256) ||
    typeof walkStartNs !== 'string' ||
    !/^\d{1,20}$/.test(walkStartNs)
  )
    throw new RangeError('its facts are not those of an index');
  return {
    codec: known,
    level: level as number,
    archiveSha256,
    archiveSize: archiveSize as number,
    walkStartNs,
  };
}

function nextEntries(page: PageReader, frame: IndexFrame): IndexEntry[] {
  const entries: IndexEntry[] = [];
  // the count is only the index's word: no room is made for it
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

function checked<T>(decode: () => T): T {
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
