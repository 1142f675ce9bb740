/**
 * Deflate (RFC 1951) by a WebAssembly module of our own (packages/archive/assembly/deflate): its output is smaller
 * than zlib's, and it is faster. It is ready for the next segment at once, where zlib sets up its state for each. A
 * thread keeps one instance, made for its first segment. The instance takes 1 MB, twice the longest segment so far, and
 * the most matches of an earlier frame.
 */
import { DEFLATE_MODULE } from './deflate-wasm.ts';
import { CODES_BYTES, STEP_BYTES, type StreamParts } from './inflate-segment.ts';
import { type Stretch, STRETCH_KINDS } from './stretches.ts';
import { instantiate } from './wasm-instance.ts';

interface Deflater {
  memory: { buffer: ArrayBuffer };
  /** Makes room for so many matches of an earlier frame; answers their address, 0 when there is no memory. */
  reserveMatches(count: number): number;
  /** Makes room for a segment of `length` bytes and its stretches; answers its address, 0 when there is no memory. */
  reserve(length: number, stretches: number): number;
  /** The address of the compressed form of a segment of `length` bytes. */
  outputOf(length: number): number;
  /** The address of its stretches: end, kind and place of each. */
  stretchesOf(length: number): number;
  /** Compresses the segment; answers the length of its compressed form. */
  deflate(length: number, level: number, stretches: number): number;
  /** Makes room for `exchange`; false when there is no memory. */
  reserveExchange(length: number, steps: number, blocks: number, rawLength: number, room: number): number;
  earlierAt: { value: number };
  stepsAt: { value: number };
  codesAt: { value: number };
  rawAt: { value: number };
  writtenAt: { value: number };
  /** Writes the stream of these steps; answers its length, 0 when it needs more than `room` or cannot be written. */
  exchange(steps: number, room: number): number;
  /** For tests: as if so many bytes had been compressed before. */
  skipPositions(position: number): void;
}

let deflater: Deflater | undefined;
let memory = Buffer.alloc(0);

export function theDeflater(): Deflater {
  deflater ??= instantiate<Deflater>(DEFLATE_MODULE);
  return deflater;
}

/**
 * Writes the segment at `at` as blocks of which none is marked as the last. They end on a byte boundary; answers
 * where. `level` is 1 to 9. Throws RangeError when `target` is too short (see compressedBound).
 */
export function deflateSegment(
  target: Buffer,
  at: number,
  segment: Uint8Array,
  level: number,
  stretches: readonly Stretch[] = [],
): number {
  if (segment.length === 0) return at;
  const { reserve, outputOf, deflate } = theDeflater();
  const input = reserve(segment.length, stretches.length);
  if (input === 0) throw new Error(`no memory to compress ${segment.length} bytes`);
  const view = currentMemory();
  view.set(segment, input);
  writeStretches(segment.length, stretches);
  const output = outputOf(segment.length);
  const length = deflate(segment.length, level, stretches.length);
  if (at + length > target.length) throw new RangeError('the target is too short');
  // `set` would copy to shared memory byte by byte
  return at + view.copy(target, at, output, output + length);
}

/**
 * Writes an earlier stream again, for raw bytes that differ from those it stands for in its spans alone. What lies between them
 * is copied, bit by bit; the bytes of the spans are matched with those of the span before. Answers where the stream ends: no
 * later than at `end`. Undefined when it cannot be done.
 */
export function exchangeSpans(
  target: Buffer,
  at: number,
  end: number,
  raw: Buffer,
  { stream, steps, codes }: StreamParts,
): number | undefined {
  const deflater = theDeflater();
  const [stepCount, blockCount] = [steps.length / STEP_BYTES, codes.length / CODES_BYTES];
  if (deflater.reserveExchange(stream.length, stepCount, blockCount, raw.length, end - at) === 0)
    return undefined;
  const memory = currentMemory();
  memory.set(stream, deflater.earlierAt.value);
  memory.set(steps, deflater.stepsAt.value);
  memory.set(codes, deflater.codesAt.value);
  memory.set(raw, deflater.rawAt.value);
  const length = deflater.exchange(stepCount, end - at);
  const from = deflater.writtenAt.value;
  return length === 0 ? undefined : at + memory.copy(target, at, from, from + length);
}

/** What `known` stretches refer to, from now on (see NotedStream). */
export function useMatches(matches: Uint8Array): void {
  const address = theDeflater().reserveMatches(matches.length / 8);
  if (address === 0) throw new Error(`no memory for ${matches.length} bytes of matches`);
  currentMemory().set(matches, address);
}

function writeStretches(length: number, stretches: readonly Stretch[]): void {
  if (stretches.length === 0) return;
  const { memory, stretchesOf } = theDeflater();
  const numbers = new Uint32Array(memory.buffer, stretchesOf(length), 3 * stretches.length);
  let at = 0;
  for (const { end, kind, place } of stretches) {
    numbers[at++] = end;
    numbers[at++] = STRETCH_KINDS[kind];
    numbers[at++] = place;
  }
}

/** Growing the memory makes a new buffer, so the buffer is asked for anew. */
function currentMemory(): Buffer {
  const { buffer } = theDeflater().memory;
  if (memory.buffer !== buffer) memory = Buffer.from(buffer);
  return memory;
}
