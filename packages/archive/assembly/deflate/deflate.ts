/** Deflates (RFC 1951) one run of bytes after another, in the module's own memory. */
import { alignBits, out, startAt, writeBits } from './bits';
import { INPUT, PADDING } from './layout';
import { setLevel } from './levels';
import { parse } from './parse';
import { startPositions } from './positions';
import { fillTables } from './symbols';

export { skipPositions } from './positions';

fillTables();

/** Makes room for a run of `length` bytes; answers where it goes, or 0 when there is no memory. */
export function reserve(length: u32): usize {
  const bytes = outputOf(length) + length + (length >> 7) + 4096;
  const pages = <i32>((bytes + 0xffff) >> 16);
  const more = pages - memory.size();
  return more > 0 && memory.grow(more) < 0 ? 0 : INPUT;
}

/** Where the compressed form of a run of `length` bytes begins. */
export function outputOf(length: u32): usize {
  return (INPUT + length + PADDING + 15) & ~15;
}

/** Deflates the run to blocks that end on a byte boundary, none of them the last; answers their bytes. */
export function deflate(length: u32, level: u32): u32 {
  const output = outputOf(length);
  memory.fill(INPUT + length, 0, PADDING);
  setLevel(level);
  startPositions(INPUT, length);
  startAt(output);
  parse(INPUT, length);
  // an empty stored block, as zlib's sync flush
  writeBits(0, 3);
  alignBits();
  writeBits(0xffff0000, 32);
  return <u32>(out - output);
}
