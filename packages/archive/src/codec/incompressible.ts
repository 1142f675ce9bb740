/**
 * Finds the parts of a file that are compressed already: compressing them again only costs time. Each piece is judged
 * by itself. A picture's body is noise, but the blank rows above and below it are long repetitions, worth 3 to 20 %
 * of a chart.
 */
import { deflateRawSync } from 'node:zlib';
import type { ContentSpan } from './digest.ts';

const PIECE_BYTES = 2048;
/** The number of samples taken from each piece, and the bytes of each sample. */
const SAMPLES = 4;
const SAMPLE_BYTES = 128;
const SAMPLED = SAMPLES * SAMPLE_BYTES;
/**
 * A piece with this (collision) entropy or more, in bits a byte, is stored as it is. Codes for its bytes would save
 * at most the rest of 8 bits, which is 6 %. The matches that deflate finds in a picture cost more time than they are
 * worth. A sample of noise has 7.8 bits or more, text has 4 to 6.
 */
const RANDOM_BITS = 7.5;
/** The most equal pairs of bytes in a sample that counts as random. */
const MOST_EQUAL_PAIRS = (SAMPLED * (SAMPLED - 1) * 2 ** -RANDOM_BITS) / 2;
/** A shorter span is not worth blocks of its own, and neither is a shorter gap between two spans. */
const LEAST_SPAN_BYTES = 2 * PIECE_BYTES;
const LEAST_GAP_BYTES = 2 * PIECE_BYTES;
/**
 * Spans of this length or more are tried with deflate as well, because deflate sees repetitions that byte counts do
 * not show.
 */
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
  // Text exceeds the limit after one or two samples.
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
