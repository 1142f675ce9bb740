/**
 * Inflate (RFC 1951) by a WebAssembly module of our own (packages/archive/assembly/inflate): faster than zlib, most
 * of all on short streams and where blocks are stored, and without fresh memory for each frame. It may refuse an
 * unusual stream; zlib then decides. A thread keeps one instance, made at its first use. The instance takes 1 MB, or
 * the longest stream and the longest output so far.
 */
import { INFLATE_MODULE } from './inflate-wasm.ts';
import { instantiate } from './wasm-instance.ts';

/** Of memory, and of files. */
export const PAGE_BYTES = 4096;

interface Inflater {
  memory: { buffer: ArrayBuffer };
  /** Makes room for a stream and its output, of so many bytes; answers the stream's address, 0 when there is no memory. */
  reserve(length: number, rawLength: number): number;
  /** Where the output for a stream of so many bytes begins: `skew` bytes, less than a page, after a page begins. */
  outputOf(length: number, skew: number): number;
  /**
   * Answers the length of the stream that begins after `skip` bytes; -1 when it is not one of exactly `rawLength` bytes.
   * `apart`: 1 to have its pieces noted, and -1 too when one refers to bytes before it.
   */
  inflate(skip: number, length: number, rawLength: number, apart: 0 | 1, skew: number): number;
  pieces: { value: number };
  piecesAt(): number;
}

let inflater: Inflater | undefined;

function theInflater(): Inflater {
  inflater ??= instantiate<Inflater>(INFLATE_MODULE);
  return inflater;
}

/** The module's memory for a stream of `length` bytes. Its former content and the output before are gone. */
export function inflateRoom(length: number, rawLength: number): Buffer {
  const { reserve, memory } = theInflater();
  const address = reserve(length, rawLength);
  if (address === 0) throw new Error(`no memory to decompress ${length} bytes to ${rawLength}`);
  return Buffer.from(memory.buffer, address, length);
}

export interface InflatedSegment {
  /** lies in the module's memory: gone at the next inflateRoom */
  raw: Buffer;
  /** bytes of the stream */
  used: number;
}

/**
 * Inflates the stream that begins after `skip` bytes of what `inflateRoom` gave, to memory that begins `skew` bytes after a
 * page. Undefined: not valid, or unusual.
 */
export function inflateSegment(
  room: Buffer,
  skip: number,
  rawLength: number,
  skew = 0,
): InflatedSegment | undefined {
  const { inflate, outputOf, memory } = theInflater();
  const used = inflate(skip, room.length, rawLength, 0, skew);
  if (used < 0) return undefined;
  return { raw: Buffer.from(memory.buffer, outputOf(room.length, skew), rawLength), used };
}

/** A part of a stream that ends with a stored block, at a whole byte, and refers to nothing before it. */
export interface StreamPiece {
  /** both lie in the module's memory: gone at the next inflateRoom */
  stored: Buffer;
  raw: Buffer;
}

/**
 * As inflateSegment, but answers the pieces of the stream. The bytes after the last stored block belong to no piece.
 */
export function inflatePieces(room: Buffer, skip: number, rawLength: number): StreamPiece[] | undefined {
  const { inflate, outputOf, piecesAt, memory, pieces } = theInflater();
  if (inflate(skip, room.length, rawLength, 1, 0) < 0) return undefined;
  const raw = Buffer.from(memory.buffer, outputOf(room.length, 0), rawLength);
  const ends = new Uint32Array(memory.buffer, piecesAt(), 2 * pieces.value);
  let [storedFrom, rawFrom] = [skip, 0];
  return Array.from({ length: pieces.value }, (_, n) => {
    const [storedEnd, rawEnd] = [ends[2 * n]!, ends[2 * n + 1]!];
    const piece = { stored: room.subarray(storedFrom, storedEnd), raw: raw.subarray(rawFrom, rawEnd) };
    [storedFrom, rawFrom] = [storedEnd, rawEnd];
    return piece;
  });
}
