/** A page of the index: the entries of some consecutive frames, as columns. The layout is described in index/file.ts. */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { type BytePath, type EntryType, isHeld } from '@gofr-backup/model';
import { freeMemory } from '../free-memory.ts';
import { ColumnReader, ColumnWriter, joinColumns, NumberedColumns } from '../columns.ts';
import { PathReader, PathWriter } from '../front-coding.ts';
import type { IndexEntry, IndexVersion } from './types.ts';
import { readXattrs, writeXattrs } from './xattr-column.ts';

const TYPES: readonly EntryType[] = ['file', 'directory', 'symlink', 'hardlink'];
const SPARSE = 4;
const SLICED = 8;
const HASHED = 16;
const SAME_CTIME = 32;
/** Whether it has extended attributes; from version 2 on. */
const ATTRIBUTED = 64;
/** Whether it is stored without its holes; from version 2 on. */
const HOLED = 128;

/** The columns' numbers in a page of version 2, and their order in one of version 1. Part of the format. */
const COLUMN = {
  flags: 0,
  paths: 1,
  names: 2,
  owners: 3,
  sizes: 4,
  seconds: 5,
  nanos: 6,
  inodes: 7,
  headers: 8,
  links: 9,
  xattrs: 10,
  stored: 11,
} as const;
const COLUMNS_OF_VERSION_1 = 10;

const HASH_BYTES = 32;
const NS = 1_000_000_000n;
/** The size limit of a page. The writer closes a page at about 512 entries. */
const MAX_PAGE_BYTES = 256 * 1024 * 1024;
/** The most memory that is reserved on the word of an untrusted page: about ten times what an honest page needs. */
const MOST_AT_ONCE = 1 << 20;
/** A smaller buffer may lie in the pool of Node, whose memory cannot be freed. */
const NOT_POOLED = Buffer.poolSize >>> 1;

/** The part of an entry that a page holds; its place follows from the entries before it in the frame. */
export type PagedEntry = Omit<IndexEntry, 'frame' | 'headerOffset' | 'dataOffset'> & { headerLength: number };

/** Collects entries and encodes them. */
export class PageWriter {
  count = 0;
  #paths = new PathWriter();
  #flags = new ColumnWriter();
  #owners = new ColumnWriter();
  #sizes = new ColumnWriter();
  #seconds = new ColumnWriter();
  #nanos = new ColumnWriter();
  #inodes = new ColumnWriter();
  #headers = new ColumnWriter();
  #links = new ColumnWriter();
  #xattrs = new ColumnWriter();
  #stored = new ColumnWriter();
  #hashes = new ColumnWriter();
  #joined = new ColumnWriter();
  #last = { seconds: 0, ino: 0, owner: '' };

  add(entry: PagedEntry): void {
    this.count++;
    const sameTime = entry.ctimeNs === entry.mtimeNs;
    this.#flags.byte(
      TYPES.indexOf(entry.type) |
        (entry.sparse ? SPARSE : 0) |
        (entry.sliced ? SLICED : 0) |
        (entry.hash ? HASHED : 0) |
        (sameTime ? SAME_CTIME : 0) |
        (entry.xattrs ? ATTRIBUTED : 0) |
        (entry.storedSize === undefined ? 0 : HOLED),
    );
    this.#paths.add(entry.path);
    this.#addOwner(entry);
    this.#sizes.varint(entry.size);
    const mtime = this.#addTime(entry.mtimeNs, this.#last.seconds);
    if (!sameTime) this.#addTime(entry.ctimeNs, mtime);
    this.#last.seconds = mtime;
    this.#inodes.signed(entry.ino - this.#last.ino);
    this.#last.ino = entry.ino;
    this.#headers.varint(entry.headerLength / 512);
    if (entry.linkTarget !== undefined) {
      this.#links.varint(entry.linkTarget.length);
      this.#links.latin1(entry.linkTarget);
    }
    if (entry.xattrs) writeXattrs(this.#xattrs, entry.xattrs);
    if (entry.storedSize !== undefined) this.#stored.varint(entry.storedSize);
    if (entry.hash) this.#hashes.raw(entry.hash);
  }

  /** The page's bytes: compressed columns, then the content hashes, which do not compress. */
  finish(): { columns: Buffer; rawLength: number; hashes: Buffer } {
    joinColumns(this.#columns().entries(), this.#joined);
    const columns = zstdCompressSync(this.#joined.view(), {
      params: { [constants.ZSTD_c_compressionLevel]: 3 },
    });
    return { columns, rawLength: this.#joined.length, hashes: this.#hashes.view() };
  }

  /** Empties the writer for the next page. The answer of `finish` is no longer valid. */
  clear(): void {
    for (const column of [...this.#columns(), this.#hashes]) column.clear();
    this.#paths.clear();
    this.#last = { seconds: 0, ino: 0, owner: '' };
    this.count = 0;
  }

  /** By their numbers. */
  #columns(): ColumnWriter[] {
    return [
      this.#flags,
      this.#paths.lengths,
      this.#paths.suffixes,
      this.#owners,
      this.#sizes,
      this.#seconds,
      this.#nanos,
      this.#inodes,
      this.#headers,
      this.#links,
      this.#xattrs,
      this.#stored,
    ];
  }

  /** Mode, uid and gid; one zero byte when they are those of the entry before. */
  #addOwner(entry: PagedEntry): void {
    const owner = `${entry.mode} ${entry.uid} ${entry.gid}`;
    if (owner === this.#last.owner) return this.#owners.byte(0);
    this.#last.owner = owner;
    this.#owners.byte(1);
    this.#owners.varint(entry.mode);
    this.#owners.varint(entry.uid);
    this.#owners.varint(entry.gid);
  }

  #addTime(time: bigint, relativeTo: number): number {
    const nanos = ((time % NS) + NS) % NS;
    const seconds = Number((time - nanos) / NS);
    this.#seconds.signed(seconds - relativeTo);
    this.#nanos.uint32(Number(nanos));
    return seconds;
  }
}

/** Only the paths of a page, for finding one: a fraction of the work of decoding it. Throws as PageReader does. */
export function decodePaths(
  columns: Buffer,
  rawLength: number,
  count: number,
  version: IndexVersion,
): Generator<BytePath> {
  return pathsOf(pathColumns(columns, rawLength, count, version), count);
}

/** The two columns that the paths of a page lie in: equal for pages with the same paths. Throws as PageReader does. */
export function pathColumns(
  columns: Buffer,
  rawLength: number,
  count: number,
  version: IndexVersion,
): [lengths: Buffer, suffixes: Buffer] {
  const { column } = openPage(columns, rawLength, count, version);
  return [restOf(column(COLUMN.paths)), restOf(column(COLUMN.names))];
}

const restOf = (column: ColumnReader): Buffer => column.raw(column.remaining);

export function* pathsOf([lengths, suffixes]: [Buffer, Buffer], count: number): Generator<BytePath> {
  const path = new PathReader(new ColumnReader(lengths), new ColumnReader(suffixes));
  for (let n = 0; n < count; n++) yield path.next();
}

/** The columns of a page, by their numbers. */
type Columns = (number: number) => ColumnReader;

interface OpenedPage {
  raw: Buffer;
  column: Columns;
}

function openPage(columns: Buffer, rawLength: number, count: number, version: IndexVersion): OpenedPage {
  if (rawLength > MAX_PAGE_BYTES || count > rawLength) throw new RangeError('a page is too large');
  // The output must fit one buffer with a byte to spare: Node allocates a second buffer as soon as the first is full.
  const chunkSize = Math.min(Math.max(rawLength + 1, NOT_POOLED), MOST_AT_ONCE);
  const raw = zstdDecompressSync(columns, { maxOutputLength: Math.max(rawLength, 1), chunkSize });
  const all = new ColumnReader(raw);
  return { raw, column: version === 1 ? inOrder(all) : byNumber(all) };
}

function byNumber(all: ColumnReader): Columns {
  const columns = new NumberedColumns(all);
  return (number) => columns.get(number);
}

function inOrder(all: ColumnReader): Columns {
  const columns = Array.from({ length: COLUMNS_OF_VERSION_1 }, () => all.column());
  return (number) => columns[number] ?? new ColumnReader(Buffer.alloc(0));
}

/**
 * The entries of a page, one after the other, their places yet to be found: `dataOffset` counts from their header,
 * `headerOffset` and `frame` are 0. Throws RangeError (or a zlib error) when the bytes are not a page of `count` entries.
 */
export class PageReader {
  #columns: Record<keyof typeof COLUMN, ColumnReader>;
  #path: PathReader;
  #hashes: ColumnReader;
  #memory: Buffer[];
  #last = { seconds: 0, ino: 0, mode: 0, uid: 0, gid: 0 };

  constructor(columns: Buffer, rawLength: number, hashes: Buffer, count: number, version: IndexVersion) {
    const { raw, column } = openPage(columns, rawLength, count, version);
    const named = Object.entries(COLUMN).map(([name, number]) => [name, column(number)]);
    this.#columns = Object.fromEntries(named) as Record<keyof typeof COLUMN, ColumnReader>;
    this.#path = new PathReader(this.#columns.paths, this.#columns.names);
    this.#hashes = new ColumnReader(hashes);
    this.#memory = [raw, hashes];
  }

  /** Its entries are used no longer: their hashes and attributes lie in its memory. */
  free(): void {
    for (const bytes of this.#memory) freeMemory(bytes);
  }

  next(): IndexEntry {
    const { flags, owners, sizes, seconds, nanos, inodes, headers, links, xattrs, stored } = this.#columns;
    const last = this.#last;
    const flag = flags.byte();
    const type = TYPES[flag & 3]!;
    if (owners.byte() !== 0) {
      last.mode = owners.varint() & 0o7777;
      last.uid = owners.varint();
      last.gid = owners.varint();
    }
    const mtime = last.seconds + seconds.signed();
    const mtimeNs = timeOf(mtime, nanos.uint32());
    const ctimeNs = flag & SAME_CTIME ? mtimeNs : timeOf(mtime + seconds.signed(), nanos.uint32());
    last.seconds = mtime;
    last.ino += inodes.signed();
    const entry: IndexEntry = {
      path: this.#path.next(),
      type,
      size: sizes.varint(),
      mode: last.mode,
      uid: last.uid,
      gid: last.gid,
      mtimeNs,
      ctimeNs,
      ino: last.ino,
      sparse: (flag & SPARSE) !== 0,
      sliced: (flag & SLICED) !== 0,
      frame: 0,
      headerOffset: 0,
      dataOffset: headers.varint() * 512,
    };
    if (type === 'symlink' || type === 'hardlink') entry.linkTarget = links.latin1(links.varint());
    if (flag & ATTRIBUTED) entry.xattrs = readXattrs(xattrs);
    if (flag & HOLED) entry.storedSize = stored.varint();
    if (flag & HASHED) entry.hash = this.#hashes.raw(HASH_BYTES);
    return entry;
  }
}

function timeOf(seconds: number, nanos: number): bigint {
  const time = Number.isSafeInteger(seconds) ? BigInt(seconds) * NS + BigInt(nanos) : undefined;
  if (time === undefined || !isHeld(time)) throw new RangeError('a time is out of range');
  return time;
}
