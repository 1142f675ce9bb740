/**
 * Node's one-shot zlib functions return their output in memory that the collector counts too late: threads that
 * compress all day would hold 64 MB of it each. So the output is asked for in one piece, copied, and freed at once.
 */

/** Node takes smaller buffers from its pool. A buffer of this size or more may be freed here. */
const UNPOOLED = 64 * 1024;

/** The `chunkSize` that makes zlib answer in one piece of at most `bound` bytes. */
export function onePiece(bound: number): number {
  return Math.max(bound, UNPOOLED);
}

/** Copies `output` to `target` at `at`, frees it, and answers where it ends. */
export function moveOutput(output: Buffer, target: Buffer, at: number): number {
  const end = at + output.length;
  if (end > target.length) throw new RangeError('compressed data is longer than its bound');
  output.copy(target, at);
  if (output.buffer.byteLength >= UNPOOLED) (output.buffer as ArrayBuffer).transfer(0);
  return end;
}
