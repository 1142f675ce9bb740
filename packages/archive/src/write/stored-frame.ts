/** A frame as it lies in the previous archive. */
import type { EarlierPlace } from '../codec/earlier-frame.ts';

export interface StoredFrame {
  length: number;
  crc32: number;
}

/** With what proves that other raw bytes are the same. */
export type ProvedFrame = StoredFrame & EarlierPlace & { digest: Uint8Array };
