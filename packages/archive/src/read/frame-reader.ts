/**
 * Reads one frame and proves it against the index: its digest, every content hash, and that the tar headers in it,
 * which plain tar would follow, say what the index says. (The CRC-32 in the index serves copying only: decoding
 * proves the same bytes.) Synchronous: for worker threads.
 */
import { BackupError, type Compression, type EngineCodec } from '@gofr-backup/model';
import { readFully } from '@gofr-backup/posix';
import { decompressFrame } from '../codec/codecs.ts';
import { type ContentSpan, digestFrame, hashIn } from '../codec/digest.ts';
import { readGzipMember } from '../codec/gzip-member.ts';
import { freeMemory } from '../free-memory.ts';
import type { IndexEntry, IndexFrame } from '../index/types.ts';
import { inflateRoom, PAGE_BYTES } from '../codec/inflate-segment.ts';
import { proveHeaders } from './header-proof.ts';
import { damaged, damagedEntry, damagedFrame } from '../refusals.ts';

/** A regular file within a frame's raw bytes. */
export interface FrameFile extends ContentSpan {
  /** of the entry within the frame */
  at: number;
  entry: IndexEntry;
}

export interface ReadFrame {
  raw: Buffer;
  files: FrameFile[];
}

export interface FrameOrigin {
  /** its descriptor */
  archive: number;
  codec: Compression;
  /** who decodes gzip; default: own */
  engine?: EngineCodec | undefined;
  /** absent: every frame gets memory of its own */
  scratch?: Scratch;
  /**
   * also check gzip's CRC-32, as gunzip will. A reader of the bytes does not need it: the frame's digest proves more.
   */
  checksums?: boolean;
}

/**
 * Throws ARCHIVE_DAMAGED when anything is not as the index says. `entries` are those that begin in the frame. With
 * scratch, `raw` may lie in memory that the next frame overwrites. `offset`: where in a file its bytes go; if possible they
 * lie in pages of memory as they will lie in pages of the file.
 */
export function readFrame(
  origin: FrameOrigin,
  frame: IndexFrame,
  entries: readonly IndexEntry[],
  offset = 0,
): ReadFrame {
  const raw = rawBytes(origin, frame, entries, offset % PAGE_BYTES);
  const files = filesIn(entries);
  const spans = files.filter((file) => file.end > file.start);
  const { digest, hashes } = digestFrame(raw, spans);
  spans.forEach(({ entry }, at) => {
    if (!entry.hash?.equals(hashIn(hashes, at))) {
      throw damagedEntry(entry.path, 'Its content is not what its SHA-256 says.');
    }
  });
  if (!digest.equals(frame.digest)) throw damagedFrame(frame, 'Its digest is wrong.', entries);
  proveHeaders(raw, frame, entries);
  return { raw, files };
}

/** Memory for the stored bytes of one frame after the other. */
export class Scratch {
  #bytes = Buffer.allocUnsafeSlow(1 << 20);

  take(length: number): Buffer {
    if (length > this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(length);
    return this.#bytes.subarray(0, length);
  }
}

/**
 * Frees the memory of a frame at once. Waiting for the collector costs twice: a collection for every few frames, and
 * fresh pages from the kernel for each frame.
 */
export function release({ raw }: ReadFrame, origin: FrameOrigin): void {
  // uncompressed ones lie in the scratch
  if (!isOwnGzip(origin) && origin.codec !== 'none') freeMemory(raw);
}

/** Its raw bytes lie in the decoder's memory. */
const isOwnGzip = ({ codec, engine }: FrameOrigin): boolean => codec === 'gzip' && engine !== 'zlib';

function rawBytes(
  origin: FrameOrigin,
  frame: IndexFrame,
  entries: readonly IndexEntry[],
  skew: number,
): Buffer {
  const { archive, codec, scratch, checksums = false } = origin;
  const { length, rawLength } = frame;
  if (isOwnGzip(origin)) {
    const room = readStored(archive, frame, inflateRoom(length, rawLength));
    const raw = readGzipMember(room, rawLength, checksums, skew);
    if (raw !== undefined) return scratch ? raw : Buffer.from(raw);
    return decompressed(codec, room, frame, entries);
  }
  const target = scratch?.take(length) ?? Buffer.allocUnsafeSlow(length);
  return decompressed(codec, readStored(archive, frame, target), frame, entries);
}

/** Fills `target` with the frame's stored bytes. */
function readStored(archive: number, frame: IndexFrame, target: Buffer): Buffer {
  if (readFully(archive, target, 0, target.length, frame.offset) < target.length)
    throw damaged('The archive is truncated.', `It ends within frame ${frame.number}.`);
  return target;
}

function decompressed(
  codec: Compression,
  stored: Buffer,
  frame: IndexFrame,
  entries: readonly IndexEntry[],
): Buffer {
  try {
    return decompressFrame(codec, stored, frame.rawLength);
  } catch (cause) {
    if (!(cause instanceof BackupError) || cause.code !== 'ARCHIVE_DAMAGED') throw cause;
    throw damagedFrame(frame, `It cannot be decompressed (${cause.why}).`, entries);
  }
}

function filesIn(entries: readonly IndexEntry[]): FrameFile[] {
  const files: FrameFile[] = [];
  entries.forEach((entry, at) => {
    if (entry.type !== 'file' || entry.sliced) return;
    files.push({ at, entry, start: entry.dataOffset, end: entry.dataOffset + entry.size });
  });
  return files;
}
