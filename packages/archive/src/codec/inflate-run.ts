/**
 * Inflate (RFC 1951) by a WebAssembly module of our own (packages/archive/assembly/inflate): faster than zlib, most of all
 * on short streams and where blocks are stored, and without fresh memory for each frame. It may refuse a stream that is
 * unusual; zlib has the last word on those. A thread keeps one instance, made at the first use: 1 MB, or the longest
 * stream and the longest output so far.
 */
import { INFLATE_MODULE } from './inflate-wasm.ts';
import { instantiate } from './wasm-instance.ts';

interface Inflater {
  memory: { buffer: ArrayBuffer };
  /** Makes room for a stream and its output, of so many bytes; answers the stream's address, 0 when there is no memory. */
  reserve(length: number, rawLength: number): number;
  /** Where the output for a stream of so many bytes begins. */
  outputOf(length: number): number;
  /**
   * Answers the length of the stream that begins after `skip` bytes; -1 when it is not one of exactly `rawLength` bytes.
   * `apart`: 1 to have its pieces noted, and -1 too when one refers to bytes before it.
   */
  inflate(skip: number, length: number, rawLength: number, apart: 0 | 1): number;
  pieces: { value: number };
  piecesAt(): number;
}

let inflater: Inflater | undefined;

function theInflater(): Inflater {
  inflater ??= instantiate<Inflater>(INFLATE_MODULE);
  return inflater;
}

/** The module's memory for `length` bytes that hold a stream; what was in it, and the output before, is gone. */
export function inflateRoom(length: number, rawLength: number): Buffer {
  const { reserve, memory } = theInflater();
  const address = reserve(length, rawLength);
  if (address === 0) throw new Error(`no memory to decompress ${length} bytes to ${rawLength}`);
  return Buffer.from(memory.buffer, address, length);
}

export interface InflatedRun {
  /** in the module's memory: gone when room is taken again */
  raw: Buffer;
  /** bytes of the stream */
  used: number;
}

/** Inflates the stream that begins after `skip` bytes of what `inflateRoom` gave. Undefined: not valid, or unusual. */
export function inflateRun(room: Buffer, skip: number, rawLength: number): InflatedRun | undefined {
  const { inflate, outputOf, memory } = theInflater();
  const used = inflate(skip, room.length, rawLength, 0);
  if (used < 0) return undefined;
  return { raw: Buffer.from(memory.buffer, outputOf(room.length), rawLength), used };
}

/** A part of a stream that ends with a stored block, at a whole byte, and refers to nothing before it. */
export interface StreamPiece {
  /** both in the module's memory: gone when room is taken again */
  stored: Buffer;
  raw: Buffer;
}

/** As inflateRun, but answers what the stream consists of, without what follows the last stored block. */
export function inflatePieces(room: Buffer, skip: number, rawLength: number): StreamPiece[] | undefined {
  const { inflate, outputOf, piecesAt, memory, pieces } = theInflater();
  if (inflate(skip, room.length, rawLength, 1) < 0) return undefined;
  const raw = Buffer.from(memory.buffer, outputOf(room.length), rawLength);
  const ends = new Uint32Array(memory.buffer, piecesAt(), 2 * pieces.value);
  let [storedFrom, rawFrom] = [skip, 0];
  return Array.from({ length: pieces.value }, (_, n) => {
    const [storedEnd, rawEnd] = [ends[2 * n]!, ends[2 * n + 1]!];
    const piece = { stored: room.subarray(storedFrom, storedEnd), raw: raw.subarray(rawFrom, rawEnd) };
    [storedFrom, rawFrom] = [storedEnd, rawEnd];
    return piece;
  });
}
