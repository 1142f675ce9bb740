/** A quick trial: is this content already compressed, so that compressing it again only costs time? */
import { deflateRawSync } from 'node:zlib';

/** Content below this is not worth a block of its own. */
const LEAST_BYTES = 4096;
const SAMPLES = 3;
const SAMPLE_BYTES = 512;
/** Chance that two of the sample's bytes are equal, at 7.7 bits of (collision) entropy; text has 4 to 6 bits. */
const MOST_COLLISIONS = 2 ** -7.7;
/** From here on a second opinion is cheap: deflate also sees repetitions that byte counts do not. */
const SECOND_OPINION_BYTES = 256 * 1024;
const OPINION_BYTES = 32 * 1024;

export function looksIncompressible(content: Buffer): boolean {
  if (content.length < LEAST_BYTES || collisions(content) > MOST_COLLISIONS) return false;
  return content.length < SECOND_OPINION_BYTES || deflateGainsNothing(content);
}

/** Unbiased estimate from bytes taken at three places. */
function collisions(content: Buffer): number {
  const counts = new Uint16Array(256);
  const length = Math.min(SAMPLE_BYTES, Math.floor(content.length / SAMPLES));
  const stride = Math.floor((content.length - length) / (SAMPLES - 1));
  for (let sample = 0; sample < SAMPLES; sample++) {
    const start = sample * stride;
    for (let at = start; at < start + length; at++) counts[content[at]!]!++;
  }
  const total = length * SAMPLES;
  let pairs = 0;
  for (const count of counts) pairs += count * (count - 1);
  return pairs / (total * (total - 1));
}

function deflateGainsNothing(content: Buffer): boolean {
  const middle = Math.floor((content.length - OPINION_BYTES) / 2);
  const sample = content.subarray(middle, middle + OPINION_BYTES);
  return deflateRawSync(sample, { level: 1 }).length > OPINION_BYTES * 0.95;
}
