/** Deflates (RFC 1951) one run of bytes after another, in the module's own memory. */
import { out, startAt } from './bits';
import { writeStored } from './block';
import { FRAME, PADDING } from './layout';
import { setLevel } from './levels';
import { setMatches } from './known';
import { parse } from './parse';
import { startPositions } from './positions';
import { STRETCH_BYTES } from './stretches';
import { fillTables } from './symbols';

export { codesAt, earlierAt, exchange, rawAt, reserveExchange, stepsAt, writtenAt } from './exchange';
export { skipPositions } from './positions';

fillTables();

/** Where runs go: behind the matches that are known. */
let input: usize = FRAME;

/** Makes room for so many matches of an earlier frame; answers where they go (see known.ts), 0 when there is no memory. */
export function reserveMatches(count: u32): usize {
  input = (FRAME + 8 * <usize>count + 63) & ~63;
  setMatches(FRAME, count);
  return grow(input) ? FRAME : 0;
}

/** Makes room for a run of `length` bytes and its stretches; answers where it goes, or 0 when there is no memory. */
export function reserve(length: u32, stretches: u32): usize {
  return grow(stretchesOf(length) + STRETCH_BYTES * stretches) ? input : 0;
}

function grow(end: usize): bool {
  const more = <i32>((end + 0xffff) >> 16) - memory.size();
  return more <= 0 || memory.grow(more) >= 0;
}

/** Where the compressed form of a run of `length` bytes begins. */
export function outputOf(length: u32): usize {
  return (input + length + PADDING + 15) & ~15;
}

/** Where the stretches of a run of `length` bytes go (see stretches.ts). */
export function stretchesOf(length: u32): usize {
  return (outputOf(length) + length + (length >> 7) + 4096 + 15) & ~15;
}

/** Deflates the run to blocks that end on a byte boundary, none of them the last; answers their bytes. */
export function deflate(length: u32, level: u32, stretches: u32): u32 {
  const output = outputOf(length);
  memory.fill(input + length, 0, PADDING);
  setLevel(level);
  startPositions(input, length);
  startAt(output);
  parse(input, length, stretchesOf(length), stretches);
  // as zlib's sync flush
  writeStored(input, 0);
  return <u32>(out - output);
}
