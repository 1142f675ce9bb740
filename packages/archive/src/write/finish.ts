/** The end of every frame: its raw bytes become stored bytes, or those of an earlier frame are the same. */
import { crc32 } from 'node:zlib';
import type { Codec } from '@gofr-backup/model';
import { readFully } from '@gofr-backup/posix';
import { compressFrame, type Hints } from '../codec/codecs.ts';
import type { ContentSpan } from '../codec/digest.ts';
import type { FrameResult } from './frame-result.ts';
import type { ProvedFrame, StoredFrame } from './stored-frame.ts';

/** A frame in its slot. */
export type Finished = Pick<FrameResult, 'length' | 'rawLength' | 'crc32' | 'copied'>;

export function proofsOf(digest: Buffer, hashes: Buffer = Buffer.alloc(0)): Uint8Array {
  const proofs = new Uint8Array(digest.length + hashes.length);
  proofs.set(digest);
  proofs.set(hashes, digest.length);
  return proofs;
}

/** The stored bytes of an earlier frame with the same raw bytes; undefined when there is none. */
export function copySame(
  earlier: ProvedFrame | undefined,
  rawLength: number,
  digest: Buffer,
  slot: Buffer,
): Finished | undefined {
  if (earlier?.rawLength !== rawLength || !digest.equals(earlier.digest)) return undefined;
  if (!readStored(earlier.archiveFd, earlier.offset, [earlier], slot)) return undefined;
  return { length: earlier.length, rawLength, crc32: earlier.crc32, copied: true };
}

/**
 * Reads adjacent frames and proves each by its CRC-32. False when the previous archive does not agree with its index.
 */
export function readStored(fd: number, offset: number, frames: StoredFrame[], slot: Buffer): boolean {
  let at = 0;
  for (const { length } of frames) at += length;
  try {
    if (readFully(fd, slot, 0, at, offset) !== at) return false;
  } catch {
    return false;
  }
  at = 0;
  return frames.every((frame) => crc32(slot.subarray(at, (at += frame.length))) === frame.crc32);
}

/** `incompressible`: see compressFrame. */
export function finish(
  codec: Codec,
  raw: Buffer,
  incompressible: readonly ContentSpan[],
  slot: Buffer,
  hints?: Hints,
): Finished {
  const length = codec.name === 'none' ? raw.length : compressFrame(codec, raw, incompressible, slot, hints);
  return finished(slot, length, raw.length);
}

/** A frame whose stored bytes are in the slot. */
export function finished(slot: Buffer, length: number, rawLength: number): Finished {
  return { length, rawLength, crc32: crc32(slot.subarray(0, length)), copied: false };
}
