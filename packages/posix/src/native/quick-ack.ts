/** Acknowledgements of TCP that are not put off. */
import { nativeLibrary } from './library.ts';

const IPPROTO_TCP = 6;
const TCP_QUICKACK = 12;
const ON = Buffer.from(new Int32Array([1]).buffer);

/**
 * What comes next on the connection is acknowledged at once (TCP_QUICKACK, tcp(7)); the kernel goes back to its own way by itself.
 * Nothing where koffi is missing, or the descriptor is none of TCP.
 */
export function acknowledgeAtOnce(fd: number): void {
  try {
    nativeLibrary()?.call('setsockopt', fd, IPPROTO_TCP, TCP_QUICKACK, ON, ON.length);
  } catch {
    // it is slower then, and nothing else
  }
}
