/**
 * The digest that proves a frame: SHA-256 of its raw bytes, with the content of every file replaced by the SHA-256 of
 * that content.
 */
import { hash } from 'node:crypto';

/** Where a file's content lies in a frame's raw bytes, without padding. */
export interface ContentSpan {
  start: number;
  end: number;
}

export interface FrameProofs {
  digest: Buffer;
  /** of the spans, one behind the other: see hashIn */
  hashes: Buffer;
}

const HASH_BYTES = 32;
const NO_HASHES = Buffer.alloc(0);

/**
 * The digest of a frame and the hash of each span, in one pass over the content. Spans are in order and not empty.
 * For frames without file content (slices, links, the end) it is the plain SHA-256 of the raw bytes.
 */
export function digestFrame(raw: Buffer, spans: readonly ContentSpan[]): FrameProofs {
  if (spans.length === 0) return { digest: hash('sha256', raw, 'buffer'), hashes: NO_HASHES };
  const hashes = Buffer.allocUnsafe(HASH_BYTES * spans.length);
  const proved = roomFor(raw.length + hashes.length);
  let length = 0;
  let at = 0;
  let hashed = 0;
  for (const { start, end } of spans) {
    // a Buffer for each hash would take as long as the hashing of a small file
    const content = hash('sha256', raw.subarray(start, end), 'binary');
    hashed += hashes.write(content, hashed, 'latin1');
    length += raw.copy(proved, length, at, start);
    length += proved.write(content, length, 'latin1');
    at = end;
  }
  length += raw.copy(proved, length, at);
  return { digest: hash('sha256', proved.subarray(0, length), 'buffer'), hashes };
}

/** That of the nth span. */
export const hashIn = (hashes: Buffer, n: number): Buffer =>
  hashes.subarray(HASH_BYTES * n, HASH_BYTES * (n + 1));

/**
 * Collects headers and hashes so that one call hashes them all: many short calls take as long as the hashing itself.
 */
let room = Buffer.alloc(0);

function roomFor(length: number): Buffer {
  if (room.length < length) room = Buffer.allocUnsafeSlow(length);
  return room;
}
