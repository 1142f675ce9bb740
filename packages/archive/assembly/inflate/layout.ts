/** Where everything lies in the module's memory. */

/** RFC 1951, 3.2.5 and 3.2.7. */
export const LITERALS: u32 = 288;
export const DISTANCES: u32 = 32;
export const RUN_CODES: u32 = 19;
export const LONGEST_CODE: u32 = 15;

/** Bits of the input that the first look into a table takes; longer codes need a second one. */
export const LITERAL_BITS: u32 = 10;
export const DISTANCE_BITS: u32 = 8;
export const RUN_BITS: u32 = 7;

/** The compiler's own data lie below. A complete code never needs more than 1334 and 402 entries (zlib's `enough`). */
export const LITERAL_TABLE: usize = 0x1000;
export const DISTANCE_TABLE: usize = LITERAL_TABLE + 4 * 1344;
export const RUN_TABLE: usize = DISTANCE_TABLE + 4 * 416;

/** What each symbol means, as an entry without the length of its code (see tables.ts). */
export const LITERAL_MEANINGS: usize = RUN_TABLE + 4 * (1 << RUN_BITS);
export const DISTANCE_MEANINGS: usize = LITERAL_MEANINGS + 4 * <usize>LITERALS;
export const RUN_MEANINGS: usize = DISTANCE_MEANINGS + 4 * <usize>DISTANCES;

/** Lengths of the codes, a byte each: those of the runs, those of literals and, right behind them, distances. */
export const RUN_LENGTHS: usize = RUN_MEANINGS + 4 * <usize>RUN_CODES;
export const LENGTHS: usize = RUN_LENGTHS + 20;
/** Room to sort a code in: how many of each length, where each length begins, symbols in order. */
export const COUNTS: usize = LENGTHS + <usize>(LITERALS + DISTANCES) + 140;
export const STARTS: usize = COUNTS + 4 * 16;
export const SORTED: usize = STARTS + 4 * 16;

/** What is noted of pieces (see notes.ts). */
export const MOST_PIECES: u32 = 2048;
export const PIECES: usize = (SORTED + 2 * <usize>LITERALS + 7) & ~7;

/** The spans of the output that may be exchanged: where each begins and ends (see seams.ts). */
export const MOST_SPANS: u32 = 2048;
export const SPANS: usize = PIECES + 16 * <usize>MOST_PIECES;
/** What the stream consists of, 16 bytes a step; and of each block with codes their lengths: literals, then distances. */
export const MOST_STEPS: u32 = 12288;
export const STEPS: usize = SPANS + 8 * <usize>MOST_SPANS;
export const MOST_BLOCKS: u32 = 512;
export const CODES_OF_BLOCKS: usize = STEPS + 16 * <usize>MOST_STEPS;

/** The stream, and behind it what it decodes to. */
export const INPUT: usize = (CODES_OF_BLOCKS + <usize>((LITERALS + DISTANCES) * MOST_BLOCKS) + 63) & ~63;
/** Bytes behind either that may be read or overwritten: a match, and what its copying goes beyond. */
export const PADDING: usize = 512;
/** Of memory, and of files. */
export const PAGE: u32 = 4096;
