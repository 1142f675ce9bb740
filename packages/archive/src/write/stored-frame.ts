/** A frame as it lies in the previous archive. */
import type { EarlierFrame } from '../codec/earlier-segments.ts';

export interface StoredFrame {
  length: number;
  crc32: number;
}

/** With what proves that other raw bytes are the same. */
export type ProvedFrame = StoredFrame & EarlierFrame & { digest: Uint8Array };
