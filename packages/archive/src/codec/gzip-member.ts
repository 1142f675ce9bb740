/**
 * One gzip member (RFC 1952), written and read. Its deflate stream (RFC 1951) mixes compressed runs with stored blocks:
 * what looks incompressible is copied, at the speed of memory, and everything between is compressed as usual.
 */
import { crc32 } from 'node:zlib';
import { deflateRun } from './deflate-run.ts';
import type { ContentSpan } from './digest.ts';
import { inflatePieces, inflateRun, type StreamPiece } from './inflate-run.ts';

/** magic, deflate, no flags, no time, no hint, written on Unix */
const HEADER = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
/** A last, empty block of fixed codes. */
const FINAL_BLOCK = Buffer.from([0x03, 0x00]);
const TRAILER_BYTES = 8;
const MOST_STORED = 65535;

/** Writes a run at `at` as blocks that end on a byte boundary, none of them the last; answers where they end. */
type DeflateRun = (target: Buffer, at: number, run: Buffer, level: number) => number;

/** Runs that were compressed before. */
interface KnownRuns {
  /** what this run was compressed to */
  find(run: Buffer): Buffer | undefined;
}

/**
 * Writes the member to `target` from 0; answers its length. `stored` are spans of `raw`, in order. `earlier` knows runs that
 * were compressed before.
 */
export function writeGzipMember(
  target: Buffer,
  raw: Buffer,
  stored: readonly ContentSpan[],
  level: number,
  { deflate = deflateRun, earlier }: { deflate?: DeflateRun; earlier?: KnownRuns | undefined } = {},
): number {
  const compressRun = (end: number, run: Buffer): number => {
    const known = earlier?.find(run);
    return known === undefined ? deflate(target, end, run, level) : end + known.copy(target, end);
  };
  let end = HEADER.copy(target);
  let at = 0;
  for (const span of stored) {
    end = compressRun(end, raw.subarray(at, span.start));
    end = storeRun(target, end, raw.subarray(span.start, span.end));
    at = span.end;
  }
  end = compressRun(end, raw.subarray(at));
  end += FINAL_BLOCK.copy(target, end);
  end = target.writeUInt32LE(crc32(raw), end);
  return target.writeUInt32LE(raw.length, end);
}

function storeRun(target: Buffer, at: number, run: Buffer): number {
  let end = at;
  for (let from = 0; from < run.length; from += MOST_STORED) {
    const length = Math.min(MOST_STORED, run.length - from);
    target[end++] = 0;
    end = target.writeUInt16LE(length, end);
    end = target.writeUInt16LE(length ^ 0xffff, end);
    end += run.copy(target, end, from, from + length);
  }
  return end;
}

/**
 * The raw bytes of the one member that `room` (see inflateRoom) holds, in the decoder's memory until room is taken again.
 * Undefined when it is damaged, of another length, or not as this module writes it: zlib then says which. The CRC-32 is
 * looked at when `checked`.
 */
export function readGzipMember(room: Buffer, rawLength: number, checked: boolean): Buffer | undefined {
  if (!mayBeOurs(room)) return undefined;
  const inflated = inflateRun(room, HEADER.length, rawLength);
  const trailer = room.length - TRAILER_BYTES;
  if (inflated === undefined || HEADER.length + inflated.used !== trailer) return undefined;
  const { raw } = inflated;
  if (checked && room.readUInt32LE(trailer) !== crc32(raw)) return undefined;
  if (room.readUInt32LE(trailer + 4) !== rawLength) return undefined;
  return raw;
}

/** What the one member that `room` holds is made of; nothing when it is not as this module writes it. */
export function gzipPieces(room: Buffer, rawLength: number): StreamPiece[] {
  return (mayBeOurs(room) && inflatePieces(room, HEADER.length, rawLength)) || [];
}

function mayBeOurs(room: Buffer): boolean {
  if (room.length < HEADER.length + TRAILER_BYTES) return false;
  return room.compare(HEADER, 0, HEADER.length, 0, HEADER.length) === 0;
}
