/** Inflates (RFC 1951) one stream after another, in the module's own memory. */
import { nextByte, refill, setBits, startAt, take } from './bits';
import { readCodes, useFixedCodes } from './header';
import { INPUT, MOST_PIECES, PADDING, PAGE, PIECES } from './layout';
import { decodeSymbols } from './symbols';
import { fillMeanings } from './tables';

fillMeanings();

/** Makes room for a stream and its output, of so many bytes; answers where the stream goes, or 0 when there is no memory. */
export function reserve(input: u32, output: u32): usize {
  const pages = <i32>((outputOf(input, PAGE) + output + PADDING + 0xffff) >> 16);
  const more = pages - memory.size();
  return more > 0 && memory.grow(more) < 0 ? 0 : INPUT;
}

/**
 * Where the output for a stream of `input` bytes begins: `skew` bytes after the beginning of a page. Direct writes want a
 * byte to lie in its page of memory where it will lie in its page of the file.
 */
export function outputOf(input: u32, skew: u32): usize {
  return ((INPUT + input + PADDING + PAGE - 1) & ~<usize>(PAGE - 1)) + skew;
}

/**
 * Inflates the stream that begins after `skip` of the `input` bytes; answers how many bytes it has, or -1 when it is not
 * valid, or does not make exactly `output` bytes. It may refuse what is unusual, never make other bytes than those the
 * stream stands for. `apart`: also when a piece refers to bytes before it. (After a stored block the next piece begins.)
 */
export function inflate(skip: u32, input: u32, output: u32, apart: bool, skew: u32): i32 {
  const inputEnd = INPUT + input;
  const outputStart = outputOf(input, skew);
  const outputEnd = outputStart + output;
  startAt(INPUT + skip);
  pieces = 0;
  let pieceStart = outputStart;
  let to = outputStart;
  let last = false;
  while (!last) {
    refill();
    last = take(1) == 1;
    const kind = take(2);
    if (kind == 0) to = copyStored(inputEnd, to, outputEnd);
    else {
      if (kind == 3 || !(kind == 1 ? useFixedCodes() : readCodes())) return -1;
      to = decodeSymbols(inputEnd, pieceStart, to, outputEnd);
    }
    if (to == 0 || nextByte() > inputEnd) return -1;
    if (apart && kind == 0) {
      notePiece(<u32>(nextByte() - INPUT), <u32>(to - outputStart));
      pieceStart = to;
    }
  }
  return to == outputEnd ? <i32>(nextByte() - INPUT - skip) : -1;
}

/** How many pieces the last stream had, as far as there was room: the ends of each, in the input and in the output. */
export let pieces: u32 = 0;

/** Where they are. */
export function piecesAt(): usize {
  return PIECES;
}

function notePiece(inputEnd: u32, outputEnd: u32): void {
  if (pieces == MOST_PIECES) return;
  store<u32>(PIECES + (<usize>pieces << 3), inputEnd);
  store<u32>(PIECES + (<usize>pieces << 3), outputEnd, 4);
  pieces++;
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
