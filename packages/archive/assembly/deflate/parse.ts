/** From bytes to sequences: some literals, then a match. */
import { CHUNK_SYMBOLS, endBlock, endChunk, startBlocks } from './chunks';
import { guessCosts, isBetter, isWorth, learnCosts, ONE_LATER, TWO_LATER } from './costs';
import { CHUNK_COUNTS, LENGTH_CODE, LITERALS, SEQUENCES } from './layout';
import { depth, laterDepth, nice, patience, twice } from './levels';
import { longestMatch, remember } from './positions';
import { distanceCode } from './symbols';

const DISTANCE_COUNTS: usize = CHUNK_COUNTS + 4 * <usize>LITERALS;
const MATCH_COUNTS: usize = CHUNK_COUNTS + 4 * 257;

/** Deflates the run to blocks, as hard as the level says (see levels.ts). */
export function parse(input: usize, length: u32): void {
  startBlocks(input);
  guessCosts(input, length);
  const end = input + length;
  let at = input;
  let literalsFrom = at;
  let sequence: usize = SEQUENCES;
  let left = CHUNK_SYMBOLS;
  while (at < end) {
    if (left <= 0) {
      if (at > literalsFrom) sequence = addLiterals(sequence, at - literalsFrom);
      literalsFrom = at;
      sequence = endChunk(at, sequence);
      learnCosts();
      left = CHUNK_SYMBOLS;
    }
    left--;
    let match = longestMatch(at, 3, reach(at, end), nice, depth);
    if (match == 0 || !isWorth(match, at)) {
      countLiteral(at++);
      continue;
    }
    let known = at + 1;
    while (match >> 16 < patience && known < end) {
      const least = (match >> 16) - 1;
      let later = longestMatch(known, least, reach(known, end), nice, laterDepth);
      known++;
      if (isBetter(later, match, ONE_LATER)) {
        countLiteral(at++);
        left--;
        match = later;
        continue;
      }
      if (!twice || known >= end) break;
      later = longestMatch(known, least, reach(known, end), nice, laterDepth);
      known++;
      if (!isBetter(later, match, TWO_LATER)) break;
      countLiteral(at++);
      countLiteral(at++);
      left -= 2;
      match = later;
    }
    sequence = addMatch(sequence, <u32>(at - literalsFrom), match);
    literalsFrom = at + (match >> 16);
    remember(isFill(match) ? literalsFrom - 8 : known, literalsFrom);
    at = literalsFrom;
  }
  if (at > literalsFrom) sequence = addLiterals(sequence, at - literalsFrom);
  endChunk(at, sequence);
  endBlock();
}

/** One byte over and over: its first and last places say it all. */
@inline
function isFill(match: u32): bool {
  return (match & 0xffff) == 1 && match >> 16 > 32;
}

@inline
function reach(at: usize, end: usize): u32 {
  return <u32>min<usize>(end - at, 258);
}

/** A sequence: how many literals << 9 | match length, distance - 1 << 32, distance code << 48. */
@inline
function addMatch(sequence: usize, literals: u32, match: u32): usize {
  const bytes = match >> 16;
  const distance = (match & 0xffff) - 1;
  const code = distanceCode(distance);
  count(MATCH_COUNTS, load<u8>(LENGTH_CODE + bytes - 3));
  count(DISTANCE_COUNTS, code);
  store<u64>(sequence, ((<u64>code) << 48) | ((<u64>distance) << 32) | ((literals << 9) | bytes));
  return sequence + 8;
}

/** A sequence that ends without a match. */
@inline
function addLiterals(sequence: usize, literals: usize): usize {
  store<u64>(sequence, (<u64>literals) << 9);
  return sequence + 8;
}

@inline
function count(table: usize, symbol: u32): void {
  const address = table + <usize>(symbol << 2);
  store<u32>(address, load<u32>(address) + 1);
}

@inline
function countLiteral(at: usize): void {
  count(CHUNK_COUNTS, load<u8>(at));
}
