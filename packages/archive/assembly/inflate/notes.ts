/** What is noted of a stream for whoever compresses nearly the same bytes again: its pieces, and its matches. */
import { MOST_PIECES, PIECES } from './layout';

/**
 * How many pieces the last stream had, as far as there was room. Each ends with a stored block. Of each: where it ends in the
 * input and in the output, where in the output the stored block begins, and 1 when nothing in it refers to what lies before it.
 */
export let pieces: u32 = 0;
const PIECE_BYTES: usize = 16;

/** How many matches it had. Of each: its place in the output, its length << 32, its distance - 1 << 48. */
export let matches: u32 = 0;
let nextMatch: usize = 0;

/** The farthest that the piece in the making refers to. */
let pieceStart: usize = 0;
let reached: usize = 0;

export function startNotes(matchesAt: usize): void {
  pieces = 0;
  matches = 0;
  nextMatch = matchesAt;
  pieceStart = 0;
  reached = 0;
}

@inline
export function noteMatch(at: usize, length: usize, distance: usize): void {
  store<u64>(nextMatch, <u64>at | (<u64>length << 32) | ((<u64>distance - 1) << 48));
  nextMatch += 8;
  matches++;
  reached = min<usize>(reached, at - distance);
}

/** The stream is at these places behind a stored block. */
export function notePiece(inputEnd: u32, outputEnd: u32, storedFrom: u32): void {
  if (pieces < MOST_PIECES) {
    const piece = PIECES + PIECE_BYTES * <usize>pieces;
    store<u32>(piece, inputEnd);
    store<u32>(piece, outputEnd, 4);
    store<u32>(piece, storedFrom, 8);
    store<u32>(piece, reached >= pieceStart ? 1 : 0, 12);
    pieces++;
  }
  pieceStart = outputEnd;
  reached = outputEnd;
}
