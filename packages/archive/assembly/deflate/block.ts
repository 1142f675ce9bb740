/** One block (RFC 1951, 3.2.3): whichever of stored, fixed and dynamic codes takes the fewest bits. */
import { alignBits, held, heldBits, out, setBits, writeBits, writeCode } from './bits';
import { makeCodes, makeLengths } from './huffman';
import {
  CODES,
  DISTANCES,
  END_OF_BLOCK,
  FIXED_LENGTHS,
  LENGTHS_OF_CODES,
  LENGTH_BASE,
  LENGTH_CODE,
  LENGTH_EXTRA,
  LITERALS,
  MATCH_CODES,
  RUNS,
  RUN_CODES,
  RUN_COUNTS,
  RUN_LENGTHS,
} from './layout';
import { distanceCode, distanceExtra } from './symbols';

const DISTANCE_LENGTHS: usize = LENGTHS_OF_CODES + <usize>LITERALS;
const DISTANCE_CODES: usize = CODES + 4 * <usize>LITERALS;
/** Four codes of literals and 7 bits left over fit 64 bits. */
const MOST_LITERAL_BITS: u32 = 14;
const MOST_DISTANCE_BITS: u32 = 15;
const MOST_RUN_BITS: u32 = 7;
export const MOST_STORED: u32 = 65535;
/** In what order the lengths of the code of code lengths are sent. */
const RUN_ORDER: StaticArray<u8> = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/** Writes `length` bytes from `input` as one block, by its sequences from `first` to before `last`; `counts` are theirs. */
export function writeBlock(input: usize, length: u32, first: usize, last: usize, counts: usize): void {
  store<u32>(counts + (END_OF_BLOCK << 2), 1);
  store<u16>(LENGTHS_OF_CODES + 286, 0);
  makeLengths(counts, 286, MOST_LITERAL_BITS, LENGTHS_OF_CODES);
  makeLengths(counts + (LITERALS << 2), 30, MOST_DISTANCE_BITS, DISTANCE_LENGTHS);
  const extra = extraBits(counts);
  const dynamic = codeBits(counts, LENGTHS_OF_CODES) + extra + prepareHeader();
  const fixed = codeBits(counts, FIXED_LENGTHS) + extra;
  const stored: u32 = 8 * length + 32 * (length / MOST_STORED + 1) + 7;
  if (stored <= min<u32>(dynamic, fixed)) return writeStored(input, length);
  if (fixed <= dynamic) {
    writeBits(0b010, 3);
    useFixedCodes();
  } else {
    writeBits(0b100, 3);
    writeHeader();
    fillCodes();
  }
  writeSequences(input, first, last);
  writeCode(load<u32>(CODES + (END_OF_BLOCK << 2)));
}

export function useFixedCodes(): void {
  useCodes(FIXED_LENGTHS);
}

/** Codes of these lengths, a byte each: literals, then distances. */
export function useCodes(lengths: usize): void {
  memory.copy(LENGTHS_OF_CODES, lengths, LITERALS + DISTANCES);
  fillCodes();
}

function fillCodes(): void {
  makeCodes(LENGTHS_OF_CODES, LITERALS, CODES);
  makeCodes(DISTANCE_LENGTHS, 30, DISTANCE_CODES);
  fillMatchCodes();
}

/** Of no bytes: an empty block, which ends on a byte boundary. */
export function writeStored(input: usize, length: u32): void {
  do {
    const piece = min<u32>(length, MOST_STORED);
    writeBits(0, 3);
    alignBits();
    writeBits(piece | ((piece ^ 0xffff) << 16), 32);
    memory.copy(out, input, piece);
    setBits(out + piece, 0, 0);
    input += piece;
    length -= piece;
  } while (length > 0);
}

function codeBits(counts: usize, lengths: usize): u32 {
  let bits: u32 = 0;
  for (let symbol: u32 = 0; symbol < LITERALS + 30; symbol++) {
    bits += load<u32>(counts + (symbol << 2)) * load<u8>(lengths + symbol);
  }
  return bits;
}

function extraBits(counts: usize): u32 {
  let bits: u32 = 0;
  for (let code: u32 = 8; code < 28; code++) {
    bits += load<u32>(counts + ((257 + code) << 2)) * load<u8>(LENGTH_EXTRA + code);
  }
  for (let code: u32 = 4; code < 30; code++) {
    bits += load<u32>(counts + ((LITERALS + code) << 2)) * distanceExtra(code);
  }
  return bits;
}

// --- the header of a dynamic block (RFC 1951, 3.2.7) ---

let literalCodes: u32 = 0;
let distanceCodes: u32 = 0;
let runs: u32 = 0;
let runCodes: u32 = 0;

/** Run-length codes the code lengths; answers how many bits the header takes. */
function prepareHeader(): u32 {
  literalCodes = 286;
  while (load<u8>(LENGTHS_OF_CODES + literalCodes - 1) == 0) literalCodes--;
  distanceCodes = 30;
  while (load<u8>(DISTANCE_LENGTHS + distanceCodes - 1) == 0) distanceCodes--;
  runs = 0;
  memory.fill(RUN_COUNTS, 0, 4 * 19);
  countRuns(LENGTHS_OF_CODES, literalCodes);
  countRuns(DISTANCE_LENGTHS, distanceCodes);
  makeLengths(RUN_COUNTS, 19, MOST_RUN_BITS, RUN_LENGTHS);
  runCodes = 19;
  while (load<u8>(RUN_LENGTHS + unchecked(RUN_ORDER[runCodes - 1])) == 0) runCodes--;
  let bits: u32 = 14 + 3 * runCodes;
  for (let symbol: u32 = 0; symbol < 19; symbol++) {
    bits += load<u32>(RUN_COUNTS + (symbol << 2)) * (<u32>load<u8>(RUN_LENGTHS + symbol) + runExtra(symbol));
  }
  return bits;
}

@inline
function runExtra(symbol: u32): u32 {
  return symbol < 16 ? 0 : symbol == 16 ? 2 : symbol == 17 ? 3 : 7;
}

function countRuns(lengths: usize, count: u32): void {
  for (let at: u32 = 0; at < count;) {
    const length: u32 = load<u8>(lengths + at);
    let same: u32 = 1;
    while (at + same < count && load<u8>(lengths + at + same) == length) same++;
    at += same;
    if (length > 0) {
      addRun(length, 0);
      same--;
    }
    while (same >= 3) {
      const piece = min<u32>(same, length > 0 ? 6 : 138);
      if (length > 0) addRun(16, piece - 3);
      else if (piece < 11) addRun(17, piece - 3);
      else addRun(18, piece - 11);
      same -= piece;
    }
    for (; same > 0; same--) addRun(length, 0);
  }
}

function addRun(symbol: u32, extra: u32): void {
  store<u16>(RUNS + (runs++ << 1), <u16>(symbol | (extra << 8)));
  store<u32>(RUN_COUNTS + (symbol << 2), load<u32>(RUN_COUNTS + (symbol << 2)) + 1);
}

function writeHeader(): void {
  writeBits((literalCodes - 257) | ((distanceCodes - 1) << 5) | ((runCodes - 4) << 10), 14);
  for (let at: u32 = 0; at < runCodes; at++) writeBits(load<u8>(RUN_LENGTHS + unchecked(RUN_ORDER[at])), 3);
  makeCodes(RUN_LENGTHS, 19, RUN_CODES);
  for (let at: u32 = 0; at < runs; at++) {
    const run: u32 = load<u16>(RUNS + (at << 1));
    writeCode(load<u32>(RUN_CODES + ((run & 255) << 2)));
    writeBits(run >> 8, runExtra(run & 255));
  }
}

// --- the symbols ---

function fillMatchCodes(): void {
  for (let length: u32 = 0; length < 256; length++) {
    const symbol: u32 = load<u8>(LENGTH_CODE + length);
    const code = load<u32>(CODES + ((257 + symbol) << 2));
    const bits = code >> 24;
    const extra: u32 = load<u8>(LENGTH_EXTRA + symbol);
    const more = (length - load<u8>(LENGTH_BASE + symbol)) << bits;
    store<u32>(MATCH_CODES + (length << 2), (code & 0xffffff) | more | ((bits + extra) << 24));
  }
}

@inline
export function hasDistance(less: u32): bool {
  return load<u8>(DISTANCE_LENGTHS + <usize>distanceCode(less)) > 0;
}

/** A match whose length and distance have codes; `less` is its distance - 1. */
export function writeMatch(length: u32, less: u32): void {
  writeCode(load<u32>(MATCH_CODES + ((length - 3) << 2)));
  const symbol = distanceCode(less);
  writeCode(load<u32>(DISTANCE_CODES + (symbol << 2)));
  const extra = distanceExtra(symbol);
  writeBits(less & ((1 << extra) - 1), extra);
}

/** The loop that writes nearly all there is: bit buffer in locals, four literals or one match between stores. */
function writeSequences(input: usize, first: usize, last: usize): void {
  let bits = held;
  let count: u64 = heldBits;
  let to = out;
  let from = input;
  for (let at = first; at < last; at += 8) {
    const sequence = load<u64>(at);
    let literals = (<u32>sequence) >> 9;
    const length = (<u32>sequence) & 511;
    for (; literals >= 4; literals -= 4) {
      const four = load<u32>(from);
      const a = <u64>load<u32>(CODES + ((four & 255) << 2));
      const b = <u64>load<u32>(CODES + (((four >> 8) & 255) << 2));
      const c = <u64>load<u32>(CODES + (((four >> 16) & 255) << 2));
      const d = <u64>load<u32>(CODES + ((four >> 24) << 2));
      bits |= (a & 0xffffff) << count;
      count += a >> 24;
      bits |= (b & 0xffffff) << count;
      count += b >> 24;
      bits |= (c & 0xffffff) << count;
      count += c >> 24;
      bits |= (d & 0xffffff) << count;
      count += d >> 24;
      store<u64>(to, bits);
      to += <usize>(count >> 3);
      bits >>= count & 0x38;
      count &= 7;
      from += 4;
    }
    if (literals > 0) {
      for (; literals > 0; literals--) {
        const code = <u64>load<u32>(CODES + ((<u32>load<u8>(from++)) << 2));
        bits |= (code & 0xffffff) << count;
        count += code >> 24;
      }
      store<u64>(to, bits);
      to += <usize>(count >> 3);
      bits >>= count & 0x38;
      count &= 7;
    }
    if (length == 0) continue;
    const match = <u64>load<u32>(MATCH_CODES + ((length - 3) << 2));
    bits |= (match & 0xffffff) << count;
    count += match >> 24;
    const distance = (<u32>(sequence >> 32)) & 0xffff;
    const symbol = <u32>(sequence >> 48);
    const code = <u64>load<u32>(DISTANCE_CODES + (symbol << 2));
    bits |= (code & 0xffffff) << count;
    count += code >> 24;
    const extra = distanceExtra(symbol);
    bits |= (<u64>(distance & ((1 << extra) - 1))) << count;
    count += extra;
    store<u64>(to, bits);
    to += <usize>(count >> 3);
    bits >>= count & 0x38;
    count &= 7;
    from += length;
  }
  setBits(to, bits, <u32>count);
}
