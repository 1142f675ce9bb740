/** How the C library keeps memory that was freed. */
import { nativeLibrary } from './library.ts';

/** From mallopt(3). */
const M_MMAP_THRESHOLD = -3;
const OWN_MAPPING_BYTES = 64 * 1024;

let told = false;

/**
 * From now on buffers of 64 KiB and more go back to the kernel as soon as they are freed. By itself glibc raises its limit to
 * the largest buffer that was ever freed, and then keeps tens of megabytes for every process with threads. Nothing where the
 * C library is another, or koffi is missing.
 */
export function giveBackFreedMemory(): void {
  if (told) return;
  told = true;
  try {
    nativeLibrary()?.call('mallopt', M_MMAP_THRESHOLD, OWN_MAPPING_BYTES);
  } catch {
    // musl has no such function, and no need of it
  }
}
