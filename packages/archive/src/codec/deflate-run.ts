/**
 * Deflate (RFC 1951) by a WebAssembly module of our own (packages/archive/assembly/deflate): faster than zlib and smaller, and
 * ready for the next run at once, where zlib sets up its state for each. A thread keeps one instance, made at the first
 * run: 1 MB and twice the longest run so far.
 */
import { DEFLATE_MODULE } from './deflate-wasm.ts';
import { instantiate } from './wasm-instance.ts';

interface Deflater {
  memory: { buffer: ArrayBuffer };
  /** Makes room for a run of so many bytes; answers its address, 0 when there is no memory. */
  reserve(length: number): number;
  /** Where its compressed form begins. */
  outputOf(length: number): number;
  /** Answers how many bytes that has. */
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
 * Writes the run as blocks that end on a byte boundary, none of them the last, at `at`; answers where they end. `level` is
 * 1 to 9. Throws RangeError when `target` is too short (see compressedBound).
 */
export function deflateRun(target: Buffer, at: number, run: Uint8Array, level: number): number {
  if (run.length === 0) return at;
  const { reserve, outputOf, deflate } = theDeflater();
  const input = reserve(run.length);
  if (input === 0) throw new Error(`no memory to compress ${run.length} bytes`);
  const view = currentMemory();
  view.set(run, input);
  const output = outputOf(run.length);
  const length = deflate(run.length, level);
  if (at + length > target.length) throw new RangeError('the target is too short');
  // `set` would copy to shared memory byte by byte
  return at + view.copy(target, at, output, output + length);
}

/** Memory that has grown is a new buffer. */
function currentMemory(): Buffer {
  const { buffer } = theDeflater().memory;
  if (memory.buffer !== buffer) memory = Buffer.from(buffer);
  return memory;
}
