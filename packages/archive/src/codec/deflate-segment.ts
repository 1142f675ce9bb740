/**
 * Deflate (RFC 1951) by a WebAssembly module of our own (packages/archive/assembly/deflate): its output is smaller
 * than zlib's, and it is faster. It is ready for the next segment at once, where zlib sets up its state for each. A
 * thread keeps one instance, made for its first segment. The instance takes 1 MB and twice the longest segment so
 * far.
 */
import { DEFLATE_MODULE } from './deflate-wasm.ts';
import { instantiate } from './wasm-instance.ts';

interface Deflater {
  memory: { buffer: ArrayBuffer };
  /** Makes room for a segment of `length` bytes; answers its address, 0 when there is no memory. */
  reserve(length: number): number;
  /** The address of the compressed form of a segment of `length` bytes. */
  outputOf(length: number): number;
  /** Compresses the segment; answers the length of its compressed form. */
  deflate(length: number, level: number): number;
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
export function deflateSegment(target: Buffer, at: number, segment: Uint8Array, level: number): number {
  if (segment.length === 0) return at;
  const { reserve, outputOf, deflate } = theDeflater();
  const input = reserve(segment.length);
  if (input === 0) throw new Error(`no memory to compress ${segment.length} bytes`);
  const view = currentMemory();
  view.set(segment, input);
  const output = outputOf(segment.length);
  const length = deflate(segment.length, level);
  if (at + length > target.length) throw new RangeError('the target is too short');
  // `set` would copy to shared memory byte by byte
  return at + view.copy(target, at, output, output + length);
}

/** Growing the memory makes a new buffer, so the buffer is asked for anew. */
function currentMemory(): Buffer {
  const { buffer } = theDeflater().memory;
  if (memory.buffer !== buffer) memory = Buffer.from(buffer);
  return memory;
}
