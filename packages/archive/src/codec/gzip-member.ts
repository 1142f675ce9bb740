/**
 * One gzip member (RFC 1952), written and read. Its deflate stream (RFC 1951) mixes compressed segments with stored
 * blocks. Content that looks incompressible is copied into stored blocks, at the speed of memory. The segments
 * between are compressed as usual.
 */
import { crc32 } from 'node:zlib';
import { deflateSegment, exchangeSpans } from './deflate-segment.ts';
import type { ContentSpan } from './digest.ts';
import { inflateNoting, inflateSegment, type NotedStream, type StreamParts } from './inflate-segment.ts';
import { type Stretch, stretchesWithin } from './stretches.ts';

/** magic, deflate, no flags, no time, no hint, written on Unix */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
/** A last, empty block of fixed codes. */
const FINAL_BLOCK = Buffer.from([0x03, 0x00]);
const TRAILER_BYTES = 8;
const MOST_STORED = 65535;

/** Writes a run at `at` as blocks that end on a byte boundary, none of them the last; answers where they end. */
type DeflateRun = (
  target: Buffer,
  at: number,
  segment: Buffer,
  level: number,
  stretches: readonly Stretch[],
) => number;

/** Segments that were compressed before. */
interface KnownSegments {
  /** the compressed form of this segment */
  find(segment: Buffer): Buffer | undefined;
}

export interface MemberOptions {
  deflate?: DeflateRun;
  earlier?: KnownSegments | undefined;
  /** of all raw bytes, in order */
  stretches?: readonly Stretch[];
}

/**
 * Writes the member to `target` from 0; answers its length. `stored` are spans of `raw`, in order. `earlier` knows
 * segments that were compressed before.
 */
export function writeGzipMember(
  target: Buffer,
  raw: Buffer,
  stored: readonly ContentSpan[],
  level: number,
  { deflate = deflateSegment, earlier, stretches = [] }: MemberOptions = {},
): number {
  const compressSegment = (end: number, from: number, to: number): number => {
    const segment = raw.subarray(from, to);
    const known = earlier?.find(segment);
    if (known !== undefined) return end + known.copy(target, end);
    return deflate(target, end, segment, level, stretchesWithin(stretches, from, to));
  };
  let end = HEADER.copy(target);
  let at = 0;
  for (const span of stored) {
    end = compressSegment(end, at, span.start);
    end = storeSegment(target, end, raw.subarray(span.start, span.end));
    at = span.end;
  }
  end = compressSegment(end, at, raw.length);
  end += FINAL_BLOCK.copy(target, end);
  return endMember(target, end, raw);
}

function storeSegment(target: Buffer, at: number, segment: Buffer): number {
  let end = at;
  for (let from = 0; from < segment.length; from += MOST_STORED) {
    const length = Math.min(MOST_STORED, segment.length - from);
    target[end++] = 0;
    end = target.writeUInt16LE(length, end);
    end = target.writeUInt16LE(length ^ 0xffff, end);
    end += segment.copy(target, end, from, from + length);
  }
  return end;
}

/**
 * The raw bytes of the one member that `room` (see inflateRoom) holds, in the decoder's memory until room is taken
 * again, `skew` bytes after a page begins. Undefined when the member is damaged, has another length, or is not in the form that this module writes:
 * zlib then tells which. The CRC-32 is compared only when `checked`.
 */
export function readGzipMember(
  room: Buffer,
  rawLength: number,
  checked: boolean,
  skew = 0,
): Buffer | undefined {
  if (!mayBeOurs(room)) return undefined;
  const inflated = inflateSegment(room, HEADER.length, rawLength, skew);
  const trailer = room.length - TRAILER_BYTES;
  if (inflated === undefined || HEADER.length + inflated.used !== trailer) return undefined;
  const { raw } = inflated;
  if (checked && room.readUInt32LE(trailer) !== crc32(raw)) return undefined;
  if (room.readUInt32LE(trailer + 4) !== rawLength) return undefined;
  return raw;
}

/** What the one member that `room` holds consists of; undefined when it is not in the form that this module writes. */
export function gzipNotes(
  room: Buffer,
  rawLength: number,
  spans: readonly ContentSpan[],
): NotedStream | undefined {
  return mayBeOurs(room) ? inflateNoting(room, HEADER.length, rawLength, spans) : undefined;
}

/**
 * As writeGzipMember, where `raw` differs from the bytes of an earlier member in the spans of its parts alone. Undefined when
 * it cannot be done within `most` bytes.
 */
export function exchangeGzipMember(
  target: Buffer,
  raw: Buffer,
  parts: StreamParts,
  most: number,
): number | undefined {
  const start = HEADER.copy(target);
  const end = exchangeSpans(target, start, Math.min(most, target.length) - TRAILER_BYTES, raw, parts);
  return end === undefined ? undefined : endMember(target, end, raw);
}

function endMember(target: Buffer, end: number, raw: Buffer): number {
  return target.writeUInt32LE(raw.length, target.writeUInt32LE(crc32(raw), end));
}

function mayBeOurs(room: Buffer): boolean {
  if (room.length < HEADER.length + TRAILER_BYTES) return false;
  return room.compare(HEADER, 0, HEADER.length, 0, HEADER.length) === 0;
}
