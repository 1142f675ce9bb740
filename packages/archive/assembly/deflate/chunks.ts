/**
 * Where blocks end. Symbols are counted by the chunk; a chunk joins the block before it unless codes of its own save more
 * than another header costs.
 */
import { writeBlock } from './block';
import {
  BLOCK_COUNTS,
  CHUNK_COUNTS,
  DISTANCES,
  LITERALS,
  MOST_SEQUENCES,
  SEQUENCES,
  SYMBOLS,
} from './layout';
import { logarithm } from './symbols';

/** Symbols in a chunk, at most (one sequence may go beyond). */
export const CHUNK_SYMBOLS: i32 = 2048;
const MOST_BLOCK_BYTES: usize = 1 << 20;
/** A header costs about so much, in bits. */
const HEADER_BITS: u64 = 500;

/** The block in the making: its first byte, and where the sequences of its last whole chunk end. */
let blockStart: usize = 0;
let blockEnd: usize = 0;
let blockSequences: usize = SEQUENCES;

export function startBlocks(input: usize): void {
  blockStart = input;
  blockEnd = input;
  blockSequences = SEQUENCES;
  memory.fill(BLOCK_COUNTS, 0, 8 * SYMBOLS);
}

/** Takes the chunk that ends before `at` with its sequences to before `last`; answers where the next sequence goes. */
export function endChunk(at: usize, last: usize): usize {
  if (blockEnd > blockStart && (isLong() || !belongs())) {
    writeBlock(blockStart, <u32>(blockEnd - blockStart), SEQUENCES, blockSequences, BLOCK_COUNTS);
    memory.copy(SEQUENCES, blockSequences, last - blockSequences);
    last -= blockSequences - SEQUENCES;
    blockStart = blockEnd;
    memory.copy(BLOCK_COUNTS, CHUNK_COUNTS, 4 * SYMBOLS);
  } else {
    // two counts at a time: none reaches 32 bits
    for (let pair: usize = 0; pair < 4 * SYMBOLS; pair += 8) {
      store<u64>(pair, load<u64>(pair, BLOCK_COUNTS) + load<u64>(pair, CHUNK_COUNTS), BLOCK_COUNTS);
    }
  }
  memory.fill(CHUNK_COUNTS, 0, 4 * SYMBOLS);
  blockEnd = at;
  blockSequences = last;
  return last;
}

/** May another chunk be too much for the block? */
function isLong(): bool {
  const most = SEQUENCES + 8 * <usize>(MOST_SEQUENCES - 2 * (CHUNK_SYMBOLS + 2));
  return blockSequences > most || blockEnd - blockStart > MOST_BLOCK_BYTES;
}

/** Writes what is left: the last block. */
export function endBlock(): void {
  if (blockEnd == blockStart) return;
  writeBlock(blockStart, <u32>(blockEnd - blockStart), SEQUENCES, blockSequences, BLOCK_COUNTS);
}

/** Do block and chunk together take fewer bits than apart? */
function belongs(): bool {
  const wasted = waste(0, LITERALS) + waste(LITERALS, DISTANCES);
  return wasted < HEADER_BITS << 16;
}

/** What one code for both costs over a code for each, in 1/65536 bits; of the alphabet's symbols from `first` on. */
function waste(first: u32, symbols: u32): u64 {
  let gain: i64 = 0;
  let blockTotal: u32 = 0;
  let chunkTotal: u32 = 0;
  for (let at: usize = first << 2; at < (<usize>(first + symbols)) << 2; at += 4) {
    const block = load<u32>(at, BLOCK_COUNTS);
    const chunk = load<u32>(at, CHUNK_COUNTS);
    blockTotal += block;
    chunkTotal += chunk;
    // what only one of them has costs nothing more: as frequent as it is there
    if (min<u32>(block, chunk) == 0) continue;
    gain -= information(block + chunk) - information(block) - information(chunk);
  }
  return gain + information(blockTotal + chunkTotal) - information(blockTotal) - information(chunkTotal);
}

@inline
function information(count: u32): u64 {
  return count < 2 ? 0 : <u64>count * logarithm(count);
}
