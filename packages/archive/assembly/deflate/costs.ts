/** What symbols are likely to cost, learnt from what came before: is a short match worth its bits, and which of two is? */
import {
  BLOCK_COUNTS,
  DISTANCE_COSTS,
  LENGTH_BASE,
  LENGTH_COSTS,
  LENGTH_EXTRA,
  LITERALS,
  LITERAL_COSTS,
} from './layout';
import { distanceCode, distanceExtra, logarithm } from './symbols';

const MATCH_COUNTS: usize = BLOCK_COUNTS + 4 * 257;
const DISTANCE_COUNTS: usize = BLOCK_COUNTS + 4 * <usize>LITERALS;
/** In 1/65536 bits. */
const EIGHTH: u32 = 1 << 13;
/** Before anything is known: as if the first bytes were literals, and matches of every kind as frequent. */
const GUESSED_FROM: u32 = 4096;

/** From the counts of the block so far. */
export function learnCosts(): void {
  let literals: u32 = 0;
  let matches: u32 = 0;
  for (let at: usize = 0; at < 4 * 256; at += 4) literals += load<u32>(at, BLOCK_COUNTS);
  for (let at: usize = 0; at < 4 * 29; at += 4) matches += load<u32>(at, MATCH_COUNTS);
  const all = logarithm(literals + matches + 285);
  for (let literal: u32 = 0; literal < 256; literal++) {
    store<u8>(LITERAL_COSTS + literal, <u8>cost(BLOCK_COUNTS + (literal << 2), all));
  }
  for (let code: u32 = 0; code < 29; code++) {
    const extra: u32 = load<u8>(LENGTH_EXTRA + code);
    const bits = cost(MATCH_COUNTS + (code << 2), all) + 8 * extra;
    const base: usize = LENGTH_COSTS + <usize>load<u8>(LENGTH_BASE + code);
    for (let length: u32 = 0; length < (<u32>1) << extra; length++) store<u8>(base + length, <u8>bits);
  }
  const distances = logarithm(matches + 30);
  for (let code: u32 = 0; code < 30; code++) {
    const bits = cost(DISTANCE_COUNTS + (code << 2), distances) + 8 * distanceExtra(code);
    store<u8>(DISTANCE_COSTS + code, <u8>bits);
  }
}

@inline
function cost(count: usize, all: u32): u32 {
  return min<u32>((all - logarithm(load<u32>(count) + 1)) / EIGHTH, 120);
}

/** Expects the counts to be zero, and leaves them so. */
export function guessCosts(input: usize, length: u32): void {
  const bytes = min<u32>(length, GUESSED_FROM);
  for (let at: usize = input; at < input + bytes; at++) {
    const count: usize = BLOCK_COUNTS + ((<u32>load<u8>(at)) << 2);
    store<u32>(count, load<u32>(count) + 1);
  }
  for (let code: u32 = 0; code < 29; code++) store<u32>(MATCH_COUNTS + (code << 2), bytes / 29 / (code + 1));
  learnCosts();
  memory.fill(BLOCK_COUNTS, 0, 4 * (257 + 29));
}

/** Does the match at `at`, of 4 bytes or more, take fewer bits than its bytes as literals? Without a loop to be guessed wrong. */
export function isWorth(match: u32, at: usize): bool {
  const length = match >> 16;
  if (length > 7) return true;
  let literals = literalCost(at) + literalCost(at + 1) + literalCost(at + 2) + literalCost(at + 3);
  literals += length > 4 ? literalCost(at + 4) : 0;
  literals += length > 5 ? literalCost(at + 5) : 0;
  literals += length > 6 ? literalCost(at + 6) : 0;
  return <i32>load<u8>(LENGTH_COSTS + length - 3) + distanceCost(match) < literals;
}

@inline
function literalCost(at: usize): i32 {
  return load<u8>(LITERAL_COSTS + <usize>load<u8>(at));
}

/** A later match has to win by so much: a byte earlier was a literal for it. Each byte more counts PER_BYTE. */
export const ONE_LATER: i32 = 8;
export const TWO_LATER: i32 = 40;
const PER_BYTE: i32 = 32;
/** What one more byte is worth in distance. */
const FARTHER: i32 = 28;

/** Is a match some bytes later the better one? */
@inline
export function isBetter(later: u32, match: u32, margin: i32): bool {
  if (later == 0) return false;
  const longer = <i32>(later >> 16) - <i32>(match >> 16);
  return PER_BYTE * longer + distanceCost(match) - distanceCost(later) > margin;
}

/** Too far away for a match that is only a byte longer than one at the other distance? */
export function isFarther(distance: u32, other: u32): bool {
  return distanceCost(distance) - distanceCost(other) >= FARTHER;
}

/** Of a match, or of a distance alone. */
@inline
function distanceCost(match: u32): i32 {
  return load<u8>(DISTANCE_COSTS + distanceCode((match & 0xffff) - 1));
}
