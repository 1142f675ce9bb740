/**
 * Cuts bytes where their content says so: after a byte at which the gear hash of the bytes before it ends with so many zeros. The
 * same bytes are cut at the same places wherever they lie.
 */
import { createHash } from 'node:crypto';

export interface CutSizes {
  least: number;
  most: number;
  /** a cut every 2^bits bytes, on average */
  bits: number;
}

/** 256 numbers of 32 bits; any that look random do, as long as they stay the same within one run. */
const GEAR = Uint32Array.from({ length: 256 }, (_, byte) =>
  createHash('sha256').update(`gear ${byte}`).digest().readUInt32LE(0),
);

/** Where the first piece of `bytes` ends. */
export function cutLength(bytes: Uint8Array, { least, most, bits }: CutSizes): number {
  const end = Math.min(bytes.length, most);
  const mask = ((1 << bits) - 1) << (32 - bits);
  let hash = 0;
  // the hash has forgotten all but the last 32 bytes
  for (let at = Math.max(0, least - 32); at < end; at++) {
    hash = ((hash << 1) + GEAR[bytes[at]!]!) | 0;
    if (at >= least && (hash & mask) === 0) return at + 1;
  }
  return end;
}

export function* cuts(bytes: Uint8Array, sizes: CutSizes): Generator<{ at: number; length: number }> {
  for (let at = 0; at < bytes.length;) {
    const length = cutLength(bytes.subarray(at), sizes);
    yield { at, length };
    at += length;
  }
}
