/** What proves a frame: SHA-256 of its raw bytes in which the content of every file is replaced by its own SHA-256. */
import { createHash, hash } from 'node:crypto';

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
  if (spans.length === 0) return { digest: hash('sha256', raw, 'buffer'), hashes: [] };
  const whole = createHash('sha256');
  const hashes: Buffer[] = [];
  let at = 0;
  for (const { start, end } of spans) {
    const content = hash('sha256', raw.subarray(start, end), 'buffer');
    hashes.push(content);
    whole.update(raw.subarray(at, start)).update(content);
    at = end;
  }
  return { digest: whole.update(raw.subarray(at)).digest(), hashes };
}
