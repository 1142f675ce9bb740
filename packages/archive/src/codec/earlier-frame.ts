/**
 * A frame of the previous archive, decoded, for the frame that follows it. Four things of it are of use:
 *
 * - Its raw bytes, where files have not changed: they are not read again.
 * - Segments that are the same. They are copied, which takes a fifth of the time of compressing them.
 * - The matches of everything else that is the same. Finding them takes three quarters of the time of compressing.
 *
 * - All of its symbols, where headers alone have changed.
 *
 * Nothing in the previous archive is trusted. A segment counts only for the bytes that it decodes to here, by itself; a match
 * is compared with the new bytes; raw bytes are taken only of a frame with the CRC-32 that its index states.
 */
import { crc32 } from 'node:zlib';
import { readFully } from '@gofr-backup/posix';
import type { ContentSpan } from './digest.ts';
import { exchangeGzipMember, gzipNotes } from './gzip-member.ts';
import {
  CODES_BYTES,
  inflateRoom,
  type NotedStream,
  type StreamParts,
  type StreamPiece,
} from './inflate-segment.ts';

/** Where a frame lies in the previous archive. */
export interface EarlierPlace {
  archiveFd: number;
  offset: number;
  length: number;
  rawLength: number;
  /** zlib.crc32 of the stored bytes */
  crc32: number;
}

/** A shorter stored block was chosen by deflate for a block of its own; content that is stored as such is longer. */
const LEAST_STORED_BYTES = 4096;
/** One part in so many: a frame that would grow by more is compressed anew. */
const MOST_GROWTH = 64;
/**
 * A frame with more than one block for so many bytes, and these few, is compressed anew: many of its headers went into blocks of
 * their own, and each run would add some. The encoder makes longer ones.
 */
const LEAST_BLOCK_BYTES = 2048;
const SPARE_BLOCKS = 8;

/** All of it lies in the decoder's memory, and is valid until that memory is used again. */
export class EarlierFrame {
  readonly raw: Buffer;
  /** see NotedStream */
  readonly matches: Buffer;
  /** the parts of the raw bytes that are stored as they are, in order */
  readonly stored: ContentSpan[];
  #byLength = new Map<number, StreamPiece[]>();
  #parts: StreamParts | undefined;
  #headers: readonly ContentSpan[];

  /**
   * Undefined when the frame cannot be read or decoded, or is not the one that its index states. `headers` are those spans of
   * its raw bytes that `exchanged` may exchange, in order and apart.
   */
  static read(place: EarlierPlace, headers: readonly ContentSpan[] = []): EarlierFrame | undefined {
    try {
      const stream = streamOf(place, headers);
      return stream && new EarlierFrame(stream, headers);
    } catch {
      return undefined; // The disk fails there, or memory is short. The frame is made from the sources.
    }
  }

  private constructor({ raw, matches, pieces, stored, parts }: NotedStream, headers: readonly ContentSpan[]) {
    this.raw = raw;
    this.matches = matches;
    this.#parts = parts;
    this.#headers = headers;
    this.stored = joined(stored).filter(({ start, end }) => end - start >= LEAST_STORED_BYTES);
    for (const piece of pieces) {
      const { length } = piece.raw;
      // A segment that is longer than its raw bytes might not fit into the target.
      if (piece.stored.length > length) continue;
      const alike = this.#byLength.get(length);
      if (alike === undefined) this.#byLength.set(length, [piece]);
      else alike.push(piece);
    }
  }

  /**
   * Writes the member of `raw`, which may differ from this frame in its headers alone: the content's compressed form is copied.
   * Answers its length; undefined when something else differs, or it would be much longer than needed.
   */
  exchanged(target: Buffer, raw: Buffer): number | undefined {
    if (this.#parts === undefined || !this.#hasContentOf(raw)) return undefined;
    const { length } = this.#parts.stream;
    const blocks = this.#parts.codes.length / CODES_BYTES;
    if (blocks > SPARE_BLOCKS + length / LEAST_BLOCK_BYTES) return undefined;
    return exchangeGzipMember(target, raw, this.#parts, length + Math.ceil(length / MOST_GROWTH) + 64);
  }

  #hasContentOf(raw: Buffer): boolean {
    if (raw.length !== this.raw.length) return false;
    const ends = [0, ...this.#headers.map(({ end }) => end)];
    return ends.every((end, n) => {
      const next = this.#headers[n]?.start ?? raw.length;
      return raw.subarray(end, next).equals(this.raw.subarray(end, next));
    });
  }

  /** The compressed form of `segment`: whole bytes, without a last block and without references to earlier bytes. */
  find(segment: Buffer): Buffer | undefined {
    return this.#byLength.get(segment.length)?.find(({ raw }) => raw.equals(segment))?.stored;
  }
}

function streamOf(
  { archiveFd, offset, length, rawLength, crc32: stated }: EarlierPlace,
  headers: readonly ContentSpan[],
): NotedStream | undefined {
  const room = inflateRoom(length, rawLength, true);
  if (readFully(archiveFd, room, 0, length, offset) !== length || crc32(room) !== stated) return undefined;
  return gzipNotes(room, rawLength, headers);
}

/** A stored block has 65,535 bytes at most, so a span may take several. */
function joined(spans: readonly ContentSpan[]): ContentSpan[] {
  const whole: ContentSpan[] = [];
  for (const { start, end } of spans) {
    const last = whole.at(-1);
    if (last?.end === start) last.end = end;
    else whole.push({ start, end });
  }
  return whole;
}
