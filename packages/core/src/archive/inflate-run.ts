/**
 * Inflate (RFC 1951) by a WebAssembly module of our own (packages/core/assembly/inflate): faster than zlib, most of all
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
  /** Answers the length of the stream that begins after `skip` bytes; -1 when it is not one of exactly `rawLength` bytes. */
  inflate(skip: number, length: number, rawLength: number): number;
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
  const used = inflate(skip, room.length, rawLength);
  if (used < 0) return undefined;
  return { raw: Buffer.from(memory.buffer, outputOf(room.length), rawLength), used };
}
