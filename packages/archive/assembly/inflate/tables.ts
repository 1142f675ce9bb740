/**
 * Decoding tables: the next bits of the input are the place of an entry. Entries of a table:
 *
 *   literal    LITERAL | byte << 16 | length of the code
 *   two        LITERAL | TWO | second byte << 24 | first byte << 16 | length of both codes
 *   match      base << 16 | length of the code << 8 | length with the extra bits   (of its length, or of its distance)
 *   end        RARE | END | length of the code
 *   longer     RARE | first entry of a second table << 16 | bits to look into it with << 8
 *   no code    RARE | NONE
 */
import {
  COUNTS,
  DISTANCES,
  DISTANCE_MEANINGS,
  LITERALS,
  LITERAL_MEANINGS,
  LONGEST_CODE,
  RUN_CODES,
  RUN_MEANINGS,
  SORTED,
  STARTS,
} from './layout';

export const RARE: u32 = 1 << 15;
export const LITERAL: u32 = 1 << 14;
export const TWO: u32 = 1 << 13;
export const END: u32 = 1 << 12;
export const NONE: u32 = 1 << 11;

/** RFC 1951, 3.2.5. Once. */
export function fillMeanings(): void {
  for (let byte: u32 = 0; byte < 256; byte++) mean(LITERAL_MEANINGS, byte, LITERAL | (byte << 16));
  mean(LITERAL_MEANINGS, 256, RARE | END);
  let length: u32 = 3;
  for (let code: u32 = 0; code < 28; code++) {
    const extra: u32 = code < 8 ? 0 : (code >> 2) - 1;
    mean(LITERAL_MEANINGS, 257 + code, (length << 16) | extra);
    length += 1 << extra;
  }
  mean(LITERAL_MEANINGS, 285, 258 << 16);
  mean(LITERAL_MEANINGS, 286, RARE | NONE);
  mean(LITERAL_MEANINGS, 287, RARE | NONE);
  let distance: u32 = 1;
  for (let code: u32 = 0; code < 30; code++) {
    const extra: u32 = code < 4 ? 0 : (code >> 1) - 1;
    mean(DISTANCE_MEANINGS, code, (distance << 16) | extra);
    distance += 1 << extra;
  }
  for (let code: u32 = 30; code < DISTANCES; code++) mean(DISTANCE_MEANINGS, code, RARE | NONE);
  for (let code: u32 = 0; code < RUN_CODES; code++) mean(RUN_MEANINGS, code, code << 16);
}

function mean(meanings: usize, symbol: u32, entry: u32): void {
  store<u32>(meanings + (symbol << 2), entry);
}

/** Makes the table of a code; answers how many bits to look into it with, or 0 when the lengths are those of no code. */
export function makeTable(table: usize, most: u32, lengths: usize, symbols: u32, meanings: usize): u32 {
  const longest = sort(lengths, symbols);
  if (longest == 0) return withoutCodes(table);
  const left = unused(longest);
  if (left < 0) return 0;
  if (left > 0) return longest == 1 ? ofOneCode(table, meanings) : 0;
  const bits = min<u32>(most, longest);
  const done = fillShort(table, bits, meanings);
  if (longest > bits) fillLong(table, bits, longest, done, meanings);
  return bits;
}

/** Symbols by the length of their codes, then by themselves; answers the greatest length. */
function sort(lengths: usize, symbols: u32): u32 {
  memory.fill(COUNTS, 0, 4 * (LONGEST_CODE + 1));
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const count = COUNTS + ((<usize>load<u8>(lengths + symbol)) << 2);
    store<u32>(count, load<u32>(count) + 1);
  }
  let longest: u32 = 0;
  let start: u32 = 0;
  for (let length: u32 = 1; length <= LONGEST_CODE; length++) {
    store<u32>(STARTS + (length << 2), start);
    const count = countOf(length);
    start += count;
    if (count > 0) longest = length;
  }
  for (let symbol: u32 = 0; symbol < symbols; symbol++) {
    const length: usize = load<u8>(lengths + symbol);
    if (length == 0) continue;
    const at = load<u32>(STARTS + (length << 2));
    store<u32>(STARTS + (length << 2), at + 1);
    store<u16>(SORTED + (at << 1), <u16>symbol);
  }
  return longest;
}

@inline
function countOf(length: u32): u32 {
  return load<u32>(COUNTS + (length << 2));
}

/** Codes of the greatest length that are not given away; negative when more than all are. */
function unused(longest: u32): i32 {
  let left: i32 = 1;
  for (let length: u32 = 1; length <= longest; length++) {
    left = (left << 1) - <i32>countOf(length);
    if (left < 0) return left;
  }
  return left;
}

/** A block of literals alone may have no code for distances. */
function withoutCodes(table: usize): u32 {
  store<u32>(table, RARE | NONE);
  store<u32>(table + 4, RARE | NONE);
  return 1;
}

/** A single distance has a code of one bit, which leaves the other bit without meaning. */
function ofOneCode(table: usize, meanings: usize): u32 {
  store<u32>(table, entryOf(load<u16>(SORTED), 1, meanings));
  store<u32>(table + 4, RARE | NONE);
  return 1;
}

@inline
function entryOf(symbol: u32, length: u32, meanings: usize): u32 {
  const meaning = load<u32>(meanings + (symbol << 2));
  // of a match, the low byte has the extra bits, which are counted with the code
  return meaning + length + ((meaning & (LITERAL | RARE)) == 0 ? length << 8 : 0);
}

/** The code after `code` of the same length, in the order of the bits of the input: the first bit is the lowest. */
@inline
function nextCode(code: u32, length: u32): u32 {
  const zeros = code ^ ((1 << length) - 1);
  if (zeros == 0) return 0;
  const bit: u32 = 1 << (31 - clz(zeros));
  return (code & (bit - 1)) | bit;
}

let nextLongCode: u32 = 0;

/** Entries of the codes of up to `bits`; answers how many symbols those are. A table of n bits is twice one of n - 1. */
function fillShort(table: usize, bits: u32, meanings: usize): u32 {
  let code: u32 = 0;
  let at: u32 = 0;
  for (let length: u32 = 1; length <= bits; length++) {
    const half: usize = 4 << (length - 1);
    memory.copy(table + half, table, half);
    for (let left = countOf(length); left > 0; left--) {
      store<u32>(table + (code << 2), entryOf(load<u16>(SORTED + (at++ << 1)), length, meanings));
      code = nextCode(code, length);
    }
  }
  nextLongCode = code;
  return at;
}

/** Entries of the codes beyond `bits`: those that begin alike share a second table, behind the first. */
function fillLong(table: usize, bits: u32, longest: u32, first: u32, meanings: usize): void {
  const low: u32 = (1 << bits) - 1;
  let code = nextLongCode;
  let prefix: u32 = -1;
  let start: u32 = 1 << bits;
  let size: u32 = 0;
  let at = first;
  for (let length = bits + 1; length <= longest; length++) {
    for (let left = countOf(length); left > 0; left--) {
      if ((code & low) != prefix) {
        prefix = code & low;
        start += size;
        const more = secondBits(bits, length, longest, left);
        size = 1 << more;
        store<u32>(table + (prefix << 2), RARE | (start << 16) | (more << 8));
      }
      const entry = entryOf(load<u16>(SORTED + (at++ << 1)), length, meanings);
      const step: u32 = 1 << (length - bits);
      for (let place = code >> bits; place < size; place += step) store<u32>(table + ((start + place) << 2), entry);
      code = nextCode(code, length);
    }
  }
}

/** How many bits the codes have beyond the first look that begin as the next does, when `left` of its length are left. */
function secondBits(bits: u32, length: u32, longest: u32, left: u32): u32 {
  let more = length - bits;
  let free: i32 = (1 << more) - <i32>left;
  while (free > 0 && bits + more < longest) {
    more++;
    free = (free << 1) - <i32>countOf(bits + more);
  }
  return more;
}

/** Where the codes of two literals fit a look together, its entry stands for both. Backwards: places looked up are lower. */
export function pairLiterals(table: usize, bits: u32): void {
  for (let place: i32 = (1 << bits) - 1; place >= 0; place--) {
    const entry = load<u32>(table + ((<usize>place) << 2));
    if (!(entry & LITERAL)) continue;
    const length = entry & 63;
    const second = load<u32>(table + (((<usize>place) >> length) << 2));
    const both = length + (second & 63);
    if (!(second & LITERAL) || both > bits) continue;
    store<u32>(table + ((<usize>place) << 2), LITERAL | TWO | (entry & 0xff0000) | ((second & 0xff0000) << 8) | both);
  }
}
