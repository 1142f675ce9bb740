/** Inflates (RFC 1951) one stream after another, in the module's own memory. */
import { bitsFrom, nextByte, refill, setBits, startAt, take } from './bits';
import { readCodes, useFixedCodes } from './header';
import { CODES_OF_BLOCKS, INPUT, PADDING, PAGE, PIECES, SPANS, STEPS } from './layout';
import { notePiece, startNotes } from './notes';
import { decodeApart } from './seams';
import { apart, giveUp, noteBlock, noteStored, startSteps } from './steps';
import { decodeNoting, decodeSymbols } from './symbols';
import { fillMeanings } from './tables';

fillMeanings();

export { matches, pieces } from './notes';
export { apart, blocks, steps } from './steps';

/**
 * Makes room for a stream and its output, of so many bytes, and for notes when they are wanted; answers where the stream goes,
 * or 0 when there is no memory.
 */
export function reserve(input: u32, output: u32, noting: bool): usize {
  const end = matchesAt(input, output) + (noting ? 8 * (<usize>output / LEAST_MATCH + 1) : 0);
  const more = <i32>((end + 0xffff) >> 16) - memory.size();
  return more > 0 && memory.grow(more) < 0 ? 0 : INPUT;
}

/**
 * Where the output for a stream of `input` bytes begins: `skew` bytes after the beginning of a page. Direct writes want a
 * byte to lie in its page of memory where it will lie in its page of the file.
 */
export function outputOf(input: u32, skew: u32): usize {
  return ((INPUT + input + PADDING + PAGE - 1) & ~<usize>(PAGE - 1)) + skew;
}

/** Where its matches are noted (see notes.ts). */
export function matchesAt(input: u32, output: u32): usize {
  return (outputOf(input, PAGE) + output + PADDING + 15) & ~15;
}

/** Where its pieces are noted. */
export function piecesAt(): usize {
  return PIECES;
}

/** Where the spans go that may be exchanged, and where what is noted of them is (see steps.ts). */
export function spansAt(): usize {
  return SPANS;
}

export function stepsAt(): usize {
  return STEPS;
}

export function codesAt(): usize {
  return CODES_OF_BLOCKS;
}

/** A match begins within the output, and the block in which it goes beyond is refused at once. */
const LEAST_MATCH: usize = 3;

/**
 * Inflates the stream that begins after `skip` of the `input` bytes; answers how many bytes it has, or -1 when it is not
 * valid, or does not make exactly `output` bytes. It may refuse what is unusual, never make other bytes than those the
 * stream stands for. `spans` of the output were put where `spansAt` says; steps are noted when there are some.
 */
export function inflate(skip: u32, input: u32, output: u32, noting: bool, skew: u32, spans: u32): i32 {
  const inputEnd = INPUT + input;
  const outputStart = outputOf(input, skew);
  const outputEnd = outputStart + output;
  startAt(INPUT + skip);
  startNotes(matchesAt(input, output));
  startSteps(spans);
  let to = outputStart;
  let last = false;
  while (!last) {
    const begin = bitsFrom(INPUT);
    refill();
    last = take(1) == 1;
    const kind = take(2);
    const before = to;
    if (kind == 0) to = copyStored(inputEnd, to, outputEnd);
    else {
      if (kind == 3 || !(kind == 1 ? useFixedCodes() : readCodes())) return -1;
      if (apart) noteBlock(begin, bitsFrom(INPUT));
      to = apart
        ? decodeApart(inputEnd, outputStart, to, outputEnd)
        : noting
          ? decodeNoting(inputEnd, outputStart, to, outputEnd)
          : decodeSymbols(inputEnd, outputStart, to, outputEnd);
    }
    if (to == 0 || nextByte() > inputEnd) return -1;
    if (noting && kind == 0) noteStoredBlock(<u32>(before - outputStart), <u32>(to - outputStart), last);
  }
  return to == outputEnd ? <i32>(nextByte() - INPUT - skip) : -1;
}

function noteStoredBlock(from: u32, to: u32, last: bool): void {
  notePiece(<u32>(nextByte() - INPUT), to, from);
  if (last) giveUp();
  else if (apart) noteStored(from, to);
}

/** RFC 1951, 3.2.4. */
function copyStored(inputEnd: usize, to: usize, outputEnd: usize): usize {
  const at = nextByte();
  const length = <usize>load<u16>(at);
  if (length != (<usize>load<u16>(at, 2) ^ 0xffff)) return 0;
  if (at + 4 + length > inputEnd || to + length > outputEnd) return 0;
  memory.copy(to, at + 4, length);
  setBits(at + 4 + length, 0, 0);
  return to + length;
}
