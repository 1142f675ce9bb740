/** The sequences of the chunk in the making: some literals, then a match. */
import { CHUNK_SYMBOLS, endBlock, endChunk, startBlocks } from './chunks';
import { learnCosts } from './costs';
import { CHUNK_COUNTS, LENGTH_CODE, LITERALS, SEQUENCES } from './layout';
import { distanceCode } from './symbols';

const DISTANCE_COUNTS: usize = CHUNK_COUNTS + 4 * <usize>LITERALS;
const MATCH_COUNTS: usize = CHUNK_COUNTS + 4 * 257;

/** Everything before has its symbols. */
export let at: usize = 0;
/** Symbols that the chunk may still take. */
export let left: i32 = 0;
/** The literals that no sequence has yet. */
let literalsFrom: usize = 0;
let sequence: usize = SEQUENCES;

export function startSequences(input: usize): void {
  startBlocks(input);
  at = input;
  literalsFrom = input;
  sequence = SEQUENCES;
  left = CHUNK_SYMBOLS;
}

/** For loops that keep the two in locals. */
export function setPlace(address: usize, symbols: i32): void {
  at = address;
  left = symbols;
}

/** Called before a symbol when the chunk may take none. */
export function turnChunk(): void {
  addLiterals();
  sequence = endChunk(at, sequence);
  learnCosts();
  left = CHUNK_SYMBOLS;
}

export function endSequences(): void {
  addLiterals();
  endChunk(at, sequence);
  endBlock();
}

/** A sequence that ends without a match: literals << 9. */
function addLiterals(): void {
  if (at > literalsFrom) {
    store<u64>(sequence, (<u64>(at - literalsFrom)) << 9);
    sequence += 8;
  }
  literalsFrom = at;
}

/** A sequence: how many literals << 9 | match length, distance - 1 << 32, distance code << 48. The match begins at `from`. */
@inline
export function addMatch(from: usize, match: u32): void {
  const bytes = match >> 16;
  const distance = (match & 0xffff) - 1;
  const code = distanceCode(distance);
  count(MATCH_COUNTS, load<u8>(LENGTH_CODE + bytes - 3));
  count(DISTANCE_COUNTS, code);
  const literals = <u32>(from - literalsFrom);
  store<u64>(sequence, ((<u64>code) << 48) | ((<u64>distance) << 32) | ((literals << 9) | bytes));
  sequence += 8;
  literalsFrom = from + bytes;
}

@inline
function count(table: usize, symbol: u32): void {
  const address = table + <usize>(symbol << 2);
  store<u32>(address, load<u32>(address) + 1);
}

@inline
export function countLiteral(at: usize): void {
  count(CHUNK_COUNTS, load<u8>(at));
}

/** All bytes up to `end` are literals. */
export function takeLiterals(end: usize): void {
  while (at < end) {
    if (left <= 0) turnChunk();
    const to = min<usize>(end, at + left);
    left -= <i32>(to - at);
    for (let byte = at; byte < to; byte++) countLiteral(byte);
    at = to;
  }
}
