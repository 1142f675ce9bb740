/** The content of an index: frames, entries and facts of an archive. */
import type { Compression, FileFacts } from '@gofr-backup/model';
import type { Page, PageFile } from './pages.ts';

/** Frame flags in the file. */
export const FRAME_KINDS = ['entries', 'slice', 'end'] as const;

export const REUSABLE = 4;

/** entries: whole tar entries (or one sliced file's header); slice: part of a file's content; end: the two zero blocks. */
export type FrameKind = (typeof FRAME_KINDS)[number];

/** 1: columns in a fixed order, no extended attributes. 2: columns by their numbers. */
export type IndexVersion = 1 | 2;

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
  /** false: a file in it changed while it was read, or its times must not be compared */
  reusable: boolean;
  firstEntry: number;
  entryCount: number;
}

export interface IndexEntry extends FileFacts {
  /** change time of the inode, by fstat before the content was read; 0n: unknown */
  ctimeNs: bigint;
  /** modulo 2^52; 0: unknown */
  ino: number;
  /** SHA-256 of the content; files that are not sliced only */
  hash?: Buffer;
  /** the file had holes: a restore leaves its blocks of zeros unwritten */
  sparse: boolean;
  /** content lies in the `slice` frames that follow its own; with a stored size, the first of them is the map */
  sliced: boolean;
  /** the frame of its header */
  frame: number;
  /** places of its first header block (pax included) and of its content, within the frame's raw bytes */
  headerOffset: number;
  dataOffset: number;
}

export interface IndexFacts {
  codec: Compression;
  level: number;
  /** hex */
  archiveSha256: string;
  archiveSize: number;
  /** nanoseconds since the epoch, decimal: before the first file was looked at, by the clock that stamps them and is most behind; '0' when unknown */
  walkStartNs: string;
  /**
   * What a reader must know, or else leave the index alone: `xattrs`, that entries have all the extended attributes that
   * were read; `holes`, that there are files without their holes. Absent in version 1.
   */
  needs?: string[];
  /** holes were looked for: a file without a map has none that are worth it */
  holesSought?: boolean;
}

export interface FrameTable {
  flags: Uint8Array;
  offsets: Float64Array;
  rawLengths: Float64Array;
  crcs: Uint32Array;
  firstEntries: Float64Array;
  digests: Uint8Array;
}

/** The parts of an index that threads share: numbers, shared memory and a descriptor. */
export interface SharedIndex {
  version: IndexVersion;
  facts: IndexFacts;
  table: FrameTable;
  pages: Page[];
  file: PageFile;
}
