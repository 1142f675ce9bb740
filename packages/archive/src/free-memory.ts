/** Memory outside the heap of V8, given back at once: the collector hardly notices it, and waits too long. */

/**
 * Bytes that nobody reads again, and that do not lie in the memory of WebAssembly. Their buffer, and every view of it, is
 * empty afterwards. Small ones share a pool of Node's, which stays.
 */
export function freeMemory({ buffer }: Buffer): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength !== Buffer.poolSize) buffer.transfer(0);
}
