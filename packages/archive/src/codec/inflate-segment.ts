/**
 * Inflate (RFC 1951) by a WebAssembly module of our own (packages/archive/assembly/inflate): faster than zlib, most
 * of all on short streams and where blocks are stored, and without fresh memory for each frame. It may refuse an
 * unusual stream; zlib then decides. A thread keeps one instance, made at its first use. The instance takes 1 MB, or
 * the longest stream and the longest output so far.
 */
import type { ContentSpan } from './digest.ts';
import { INFLATE_MODULE } from './inflate-wasm.ts';
import { instantiate } from './wasm-instance.ts';

/** Of memory, and of files. */
export const PAGE_BYTES = 4096;

interface Inflater {
  memory: { buffer: ArrayBuffer };
  /** Makes room for a stream and its output, of so many bytes; answers the stream's address, 0 when there is no memory. */
  reserve(length: number, rawLength: number, noting: boolean): number;
  /** Where the output for a stream of so many bytes begins: `skew` bytes, less than a page, after a page begins. */
  outputOf(length: number, skew: number): number;
  /** Answers the length of the stream that begins after `skip` bytes; -1 when it is not one of exactly `rawLength` bytes. */
  inflate(
    skip: number,
    length: number,
    rawLength: number,
    noting: boolean,
    skew: number,
    spans: number,
  ): number;
  pieces: { value: number };
  piecesAt(): number;
  matches: { value: number };
  matchesAt(length: number, rawLength: number): number;
  spansAt(): number;
  apart: { value: number };
  steps: { value: number };
  stepsAt(): number;
  blocks: { value: number };
  codesAt(): number;
}

let inflater: Inflater | undefined;

function theInflater(): Inflater {
  inflater ??= instantiate<Inflater>(INFLATE_MODULE);
  return inflater;
}

/**
 * The module's memory for a stream of `length` bytes. Its former content and the output before are gone. `noting`: with
 * room for notes, see inflateNoting.
 */
export function inflateRoom(length: number, rawLength: number, noting = false): Buffer {
  const { reserve, memory } = theInflater();
  const address = reserve(length, rawLength, noting);
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
  noting = false,
  spans = 0,
): InflatedSegment | undefined {
  const { inflate, outputOf, memory } = theInflater();
  const used = inflate(skip, room.length, rawLength, noting, skew, spans);
  if (used < 0) return undefined;
  return { raw: Buffer.from(memory.buffer, outputOf(room.length, skew), rawLength), used };
}

/** A part of a stream that ends with a stored block, at a whole byte, and refers to nothing before it. */
export interface StreamPiece {
  stored: Buffer;
  raw: Buffer;
}

/** All of it lies in the module's memory: gone at the next inflateRoom. */
export interface NotedStream extends InflatedSegment {
  /** 8 bytes each, in order: its place in `raw` (32 bits), its length, its distance less 1 */
  matches: Buffer;
  pieces: StreamPiece[];
  /** the content of stored blocks that are not empty, in order */
  stored: ContentSpan[];
  /** of a stream whose spans may be exchanged */
  parts?: StreamParts | undefined;
}

/** For exchangeSpans: what a stream consists of. All of it lies in the module's memory: gone at the next inflateRoom. */
export interface StreamParts {
  /** bits are counted from its beginning */
  stream: Buffer;
  /** 16 bytes each, see packages/archive/assembly/inflate/steps.ts */
  steps: Buffer;
  /** of each block the lengths of its codes, 320 bytes */
  codes: Buffer;
}

export const STEP_BYTES = 16;
export const CODES_BYTES = 320;
/** As in packages/archive/assembly/inflate/layout.ts. */
const MOST_SPANS = 2048;

/** Four numbers note a piece: the ends of it, where its stored block begins, and whether it stands by itself. */
const PIECE_NUMBERS = 4;

/**
 * As inflateSegment, and notes what the stream consists of. The room was taken with room for notes. `spans` of the output, in
 * order, apart and not empty, are those that may be exchanged.
 */
export function inflateNoting(
  room: Buffer,
  skip: number,
  rawLength: number,
  spans: readonly ContentSpan[] = [],
): NotedStream | undefined {
  putSpans(spans);
  const inflated = inflateSegment(room, skip, rawLength, 0, true, spans.length);
  if (inflated === undefined) return undefined;
  const { matchesAt, memory, matches, apart } = theInflater();
  const at = matchesAt(room.length, rawLength);
  return {
    ...inflated,
    matches: Buffer.from(memory.buffer, at, 8 * matches.value),
    ...notedPieces(room, skip, inflated.raw),
    parts: apart.value === 0 ? undefined : notedParts(room),
  };
}

function putSpans(spans: readonly ContentSpan[]): void {
  if (spans.length === 0 || spans.length > MOST_SPANS) return;
  const { memory, spansAt } = theInflater();
  const numbers = new Uint32Array(memory.buffer, spansAt(), 2 * spans.length);
  let at = 0;
  for (const { start, end } of spans) {
    numbers[at++] = start;
    numbers[at++] = end;
  }
}

function notedPieces(room: Buffer, skip: number, raw: Buffer): Pick<NotedStream, 'pieces' | 'stored'> {
  const { piecesAt, memory, pieces: pieceCount } = theInflater();
  const notes = new Uint32Array(memory.buffer, piecesAt(), PIECE_NUMBERS * pieceCount.value);
  const pieces: StreamPiece[] = [];
  const stored: ContentSpan[] = [];
  let [storedFrom, rawFrom] = [skip, 0];
  for (let n = 0; n < notes.length; n += PIECE_NUMBERS) {
    const [storedEnd, rawEnd, start, apart] = [notes[n]!, notes[n + 1]!, notes[n + 2]!, notes[n + 3]!];
    if (apart === 1)
      pieces.push({ stored: room.subarray(storedFrom, storedEnd), raw: raw.subarray(rawFrom, rawEnd) });
    if (start < rawEnd) stored.push({ start, end: rawEnd });
    [storedFrom, rawFrom] = [storedEnd, rawEnd];
  }
  return { pieces, stored };
}

function notedParts(room: Buffer): StreamParts {
  const { memory, steps, stepsAt, blocks, codesAt } = theInflater();
  return {
    stream: room,
    steps: Buffer.from(memory.buffer, stepsAt(), STEP_BYTES * steps.value),
    codes: Buffer.from(memory.buffer, codesAt(), CODES_BYTES * blocks.value),
  };
}
