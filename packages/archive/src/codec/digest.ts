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

/**
 * The digest of a frame and the hash of each span, in one pass over the content. Spans are in order and not empty.
 * For frames without file content (slices, links, the end) it is the plain SHA-256 of the raw bytes.
 */
export function digestFrame(
  raw: Buffer,
  spans: readonly ContentSpan[],
): { digest: Buffer; hashes: Buffer[] } {
  if (spans.length === 0) return { digest: sha256(raw), hashes: [] };
  const proved = roomFor(raw.length + HASH_BYTES * spans.length);
  let length = 0;
  let at = 0;
  const hashes = spans.map(({ start, end }) => {
    const content = sha256(raw.subarray(start, end));
    length += raw.copy(proved, length, at, start);
    length += content.copy(proved, length);
    at = end;
    return content;
  });
  length += raw.copy(proved, length, at);
  return { digest: sha256(proved.subarray(0, length)), hashes };
}

const HASH_BYTES = 32;
const sha256 = (bytes: Buffer): Buffer => hash('sha256', bytes, 'buffer');

/**
 * Collects headers and hashes so that one call hashes them all: many short calls take as long as the hashing itself.
 */
let room = Buffer.alloc(0);

function roomFor(length: number): Buffer {
  if (room.length < length) room = Buffer.allocUnsafeSlow(length);
  return room;
}
