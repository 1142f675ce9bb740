/**
 * Which parts of a file are compressed already, so that compressing them again only costs time? Judged piece by piece:
 * a picture's body is noise, but the blank rows above and below it are long repetitions, worth 3 to 20 % of a chart.
 */
import { deflateRawSync } from 'node:zlib';
import type { ContentSpan } from './digest.ts';

const PIECE_BYTES = 2048;
/** Runs of each piece that are looked at, and the length of each. */
const SAMPLES = 4;
const SAMPLE_BYTES = 128;
const SAMPLED = SAMPLES * SAMPLE_BYTES;
/**
 * From so many bits of (collision) entropy a byte on a piece is left as it is: codes for its bytes would save at most
 * the rest of 8 bits, 6 %, and what else deflate finds in a picture costs more time than it is worth. Noise in a sample
 * has 7.8 or more, text 4 to 6.
 */
const RANDOM_BITS = 7.5;
/** Of the sample's pairs of bytes so many may be equal. */
const MOST_EQUAL_PAIRS = (SAMPLED * (SAMPLED - 1) * 2 ** -RANDOM_BITS) / 2;
/** A shorter span is not worth blocks of its own, nor is a shorter gap between two. */
const LEAST_SPAN_BYTES = 2 * PIECE_BYTES;
const LEAST_GAP_BYTES = 2 * PIECE_BYTES;
/** From here on a second opinion is cheap: deflate also sees repetitions that byte counts do not. */
const SECOND_OPINION_BYTES = 256 * 1024;
const OPINION_BYTES = 32 * 1024;

/** Spans of `content` not worth compressing, in order, not adjacent. */
export function incompressibleSpans(content: Buffer): ContentSpan[] {
  const spans: ContentSpan[] = [];
  for (let start = 0; start + PIECE_BYTES <= content.length; start += PIECE_BYTES) {
    if (!looksRandom(content, start)) continue;
    const last = spans.at(-1);
    if (last !== undefined && start - last.end < LEAST_GAP_BYTES) last.end = start + PIECE_BYTES;
    else spans.push({ start, end: start + PIECE_BYTES });
  }
  return spans.filter((span) => isWorthStoring(content, span));
}

const counts = new Uint16Array(256);

function looksRandom(content: Buffer, start: number): boolean {
  counts.fill(0);
  let equalPairs = 0;
  // of text, one or two samples say enough
  for (let sample = 0; sample < SAMPLES && equalPairs <= MOST_EQUAL_PAIRS; sample++) {
    const from = start + (sample * PIECE_BYTES) / SAMPLES;
    for (let at = from; at < from + SAMPLE_BYTES; at++) equalPairs += counts[content[at]!]!++;
  }
  return equalPairs <= MOST_EQUAL_PAIRS;
}

function isWorthStoring(content: Buffer, { start, end }: ContentSpan): boolean {
  const length = end - start;
  if (length < LEAST_SPAN_BYTES) return false;
  return length < SECOND_OPINION_BYTES || deflateGainsNothing(content.subarray(start, end));
}

function deflateGainsNothing(span: Buffer): boolean {
  const middle = Math.floor((span.length - OPINION_BYTES) / 2);
  const sample = span.subarray(middle, middle + OPINION_BYTES);
  return deflateRawSync(sample, { level: 1 }).length > OPINION_BYTES * 0.95;
}
