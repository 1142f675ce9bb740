/** The header of a block (RFC 1951, 3.2.6 and 3.2.7): makes the tables that its symbols are decoded with. */
import { drop, peek, refill, take } from './bits';
import {
  DISTANCES,
  DISTANCE_BITS,
  DISTANCE_MEANINGS,
  DISTANCE_TABLE,
  LENGTHS,
  LITERALS,
  LITERAL_BITS,
  LITERAL_MEANINGS,
  LITERAL_TABLE,
  RUN_BITS,
  RUN_CODES,
  RUN_LENGTHS,
  RUN_MEANINGS,
  RUN_TABLE,
} from './layout';
import { makeTable, pairLiterals, RARE } from './tables';

/** How many bits to look into the two tables with. */
export let literalBits: u32 = 0;
export let distanceBits: u32 = 0;
/** How many lengths of codes of literals stand in LENGTHS, before those of distances, and how many of these. */
export let literals: u32 = 0;
export let distances: u32 = 0;

/** In what order the lengths of the code of code lengths come. */
const RUN_ORDER: StaticArray<u8> = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const END_OF_BLOCK: usize = 256;

export function useFixedCodes(): bool {
  memory.fill(LENGTHS, 8, LITERALS);
  memory.fill(LENGTHS + 144, 9, 112);
  memory.fill(LENGTHS + 256, 7, 24);
  memory.fill(LENGTHS + LITERALS, 5, DISTANCES);
  literals = LITERALS;
  distances = DISTANCES;
  return makeTables();
}

/** False when the header is none. */
export function readCodes(): bool {
  refill();
  literals = take(5) + 257;
  distances = take(5) + 1;
  const runs = take(4) + 4;
  if (literals > 286 || distances > 30) return false;
  memory.fill(RUN_LENGTHS, 0, RUN_CODES);
  for (let at: u32 = 0; at < runs; at++) {
    refill();
    store<u8>(RUN_LENGTHS + unchecked(RUN_ORDER[at]), <u8>take(3));
  }
  const bits = makeTable(RUN_TABLE, RUN_BITS, RUN_LENGTHS, RUN_CODES, RUN_MEANINGS);
  if (bits == 0 || !readLengths(literals + distances, bits)) return false;
  return load<u8>(LENGTHS + END_OF_BLOCK) > 0 && makeTables();
}

function makeTables(): bool {
  literalBits = makeTable(LITERAL_TABLE, LITERAL_BITS, LENGTHS, literals, LITERAL_MEANINGS);
  distanceBits = makeTable(DISTANCE_TABLE, DISTANCE_BITS, LENGTHS + literals, distances, DISTANCE_MEANINGS);
  if (literalBits > 0) pairLiterals(LITERAL_TABLE, literalBits);
  return literalBits > 0 && distanceBits > 0;
}

/** The lengths, run-length coded; a run may go on from literals to distances. */
function readLengths(count: u32, bits: u32): bool {
  for (let at: u32 = 0; at < count;) {
    refill();
    const entry = load<u32>(RUN_TABLE + (peek(bits) << 2));
    if (entry & RARE) return false;
    drop(entry & 255);
    const symbol = entry >> 16;
    if (symbol < 16) {
      store<u8>(LENGTHS + at++, <u8>symbol);
      continue;
    }
    if (symbol == 16 && at == 0) return false;
    const length: u8 = symbol == 16 ? load<u8>(LENGTHS + at - 1) : 0;
    const run = symbol == 16 ? 3 + take(2) : symbol == 17 ? 3 + take(3) : 11 + take(7);
    if (at + run > count) return false;
    memory.fill(LENGTHS + at, length, run);
    at += run;
  }
  return true;
}
