/** Where everything lies in the module's memory. Addresses are constants, so that a load names them in its own offset. */

/** The compiler's own data lie from 0x400 on. What the match finder remembers follows: the last position of every hash, and for each position the one before it. */
export const HEADS: usize = 0x1000;
export const HEAD_BITS: u32 = 16;
export const NEAR_HEADS: usize = HEADS + (4 << HEAD_BITS);
export const NEAR_BITS: u32 = 14;
export const PREVIOUS: usize = NEAR_HEADS + (4 << NEAR_BITS);
export const WINDOW: u32 = 32768;
export const POSITIONS_END: usize = PREVIOUS + 4 * <usize>WINDOW;

/** Sequences of the block in the making, 8 bytes each (see parse.ts). */
export const SEQUENCES: usize = POSITIONS_END;
export const MOST_SEQUENCES: u32 = 40960;
export const SEQUENCES_END: usize = SEQUENCES + 8 * <usize>MOST_SEQUENCES;

/** RFC 1951, 3.2.5: literals, end of block and lengths share one alphabet. */
export const LITERALS: u32 = 288;
export const END_OF_BLOCK: u32 = 256;
export const DISTANCES: u32 = 32;
export const SYMBOLS: u32 = LITERALS + DISTANCES;
const COUNTS: usize = 4 * <usize>SYMBOLS;

/** How often each symbol occurs: in the block, and in its latest chunk. Distances follow the literals. */
export const BLOCK_COUNTS: usize = SEQUENCES_END;
export const CHUNK_COUNTS: usize = BLOCK_COUNTS + COUNTS;

/** Lengths of the codes of a block (a byte each), and the codes: bits to write | how many << 24. */
export const LENGTHS_OF_CODES: usize = CHUNK_COUNTS + COUNTS;
export const CODES: usize = LENGTHS_OF_CODES + <usize>SYMBOLS;
/** The same with the extra bits of a match length in place, by length - 3. */
export const MATCH_CODES: usize = CODES + COUNTS;
export const FIXED_LENGTHS: usize = MATCH_CODES + 4 * 256;

/** By match length - 3: which length code, counted from 0. By length code: least length - 3 and extra bits. */
export const LENGTH_CODE: usize = FIXED_LENGTHS + <usize>SYMBOLS;
export const LENGTH_BASE: usize = LENGTH_CODE + 256;
export const LENGTH_EXTRA: usize = LENGTH_BASE + 32;
/** What a symbol takes, in eighths of a bit, extra bits included: literals, match lengths - 3, distance codes. */
export const LITERAL_COSTS: usize = LENGTH_EXTRA + 32;
export const LENGTH_COSTS: usize = LITERAL_COSTS + 256;
export const DISTANCE_COSTS: usize = LENGTH_COSTS + 256;

/** The code of code lengths: the symbols to write (symbol | extra bits << 8), counts, lengths, codes. */
export const RUNS: usize = DISTANCE_COSTS + 32;
export const RUN_COUNTS: usize = RUNS + 2 * <usize>SYMBOLS;
export const RUN_LENGTHS: usize = RUN_COUNTS + 4 * 20;
export const RUN_CODES: usize = RUN_LENGTHS + 20;

/** Room to make a code in: symbols in order, weights and parents of the tree. */
export const SORTED: usize = RUN_CODES + 4 * 20;
export const WEIGHTS: usize = SORTED + 4 * <usize>SYMBOLS;
export const PARENTS: usize = WEIGHTS + 8 * <usize>SYMBOLS;
export const DEPTHS: usize = PARENTS + 4 * <usize>SYMBOLS;
/** Where the next symbol of each small count goes; counts from OFTEN on share a place. */
export const OFTEN: u32 = 127;
export const PLACES: usize = DEPTHS + 4 * 64;
/** log2 of 1 + n / 256, in 1/65536 bits. */
export const LOGARITHMS: usize = PLACES + 4 * <usize>(OFTEN + 1);

/** Where what a frame brings along begins: the matches of the frame before it, the run to compress, its compressed form, its stretches. */
export const FRAME: usize = (LOGARITHMS + 4 * 257 + 63) & ~63;
/** Bytes behind the input that may be read (as zeros), never matched. */
export const PADDING: usize = 320;
