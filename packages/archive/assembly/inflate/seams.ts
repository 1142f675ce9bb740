/** Decodes a block and takes it apart where spans of the output begin and end (see steps.ts). */
import { bitsFrom, drop, from, held, peek, refill } from './bits';
import { distanceBits, literalBits } from './header';
import { DISTANCE_TABLE, INPUT, LENGTHS, LITERAL_TABLE } from './layout';
import { noteMatch } from './notes';
import { apart, contentStart, giveUp, isInSpan, noteSource, noteSpan, noteSymbols, seamAfter, startSymbols } from './steps';
import { BEYOND, copyMatch, decodeNoting, decodeUntil, ended, extraOf, look, lookFurther } from './symbols';
import { END, LITERAL, NONE, RARE } from './tables';

/** As decodeNoting. */
export function decodeApart(inputEnd: usize, outputStart: usize, to: usize, outputEnd: usize): usize {
  atEnd = false;
  while (apart && !atEnd) {
    startSymbols(bitsFrom(INPUT));
    const place = <u32>(to - outputStart);
    const inSpan = isInSpan(place);
    const seam = outputStart + seamAfter(inSpan, <u32>(outputEnd - outputStart));
    const content: usize = inSpan ? 0 : outputStart + contentStart();
    let next = to;
    if (!inSpan && next + BEYOND < seam) {
      next = decodeUntil(inputEnd, outputStart, next, seam - BEYOND, content);
      if (next == 0) return 0;
      if (ended) {
        noteSymbols(bitsFrom(INPUT));
        return next;
      }
    }
    next = decodeBySymbol(inputEnd, outputStart, next, seam, outputEnd, content);
    if (next == 0) return 0;
    if (inSpan) noteSpan(place, <u32>(next - outputStart));
    else noteSymbols(bitsFrom(INPUT));
    to = next;
  }
  return atEnd ? takeEnd(to) : decodeNoting(inputEnd, outputStart, to, outputEnd);
}

/** The next symbol is the end of the block. */
let atEnd: bool = false;
let endBits: u32 = 0;

function takeEnd(to: usize): usize {
  startSymbols(bitsFrom(INPUT));
  drop(endBits);
  noteSymbols(bitsFrom(INPUT));
  return to;
}

/**
 * Decodes a symbol at a time up to `seam`, or to the end of the block. At the end of the output the block has to end. Answers
 * where the output ends, 0 when the stream is not valid.
 */
function decodeBySymbol(
  inputEnd: usize,
  outputStart: usize,
  to: usize,
  seam: usize,
  outputEnd: usize,
  content: usize,
): usize {
  while (to < seam || seam == outputEnd) {
    if (from > inputEnd + 8) return 0;
    refill();
    let entry = look(LITERAL_TABLE, peek(literalBits));
    if ((entry & RARE) != 0 && (entry & (END | NONE)) == 0) {
      entry = lookFurther(LITERAL_TABLE, entry, held >> literalBits);
    }
    if (entry & LITERAL) {
      const byte = <u8>(entry >> 16);
      if (to >= outputEnd) return 0;
      store<u8>(to++, byte);
      // an entry may stand for two
      drop(load<u8>(LENGTHS + <usize>byte));
      continue;
    }
    if (entry & RARE) {
      if (!(entry & END)) return 0;
      atEnd = true;
      endBits = <u32>entry & 63;
      return to;
    }
    to = takeMatch(entry, outputStart, to, outputEnd, content);
    if (to == 0) return 0;
    if (to > seam) {
      giveUp();
      return to;
    }
  }
  return to;
}

function takeMatch(symbol: u64, outputStart: usize, to: usize, outputEnd: usize, content: usize): usize {
  const begin = bitsFrom(INPUT);
  const length = <usize>(symbol >> 16) + extraOf(symbol, held);
  drop(<u32>symbol & 63);
  let entry = look(DISTANCE_TABLE, peek(distanceBits));
  if (entry & RARE) {
    if (!(entry & NONE)) {
      entry = lookFurther(DISTANCE_TABLE, entry, held >> distanceBits);
    }
    if (entry & RARE) return 0;
  }
  const distance = <usize>(entry >> 16) + extraOf(entry, held);
  drop(<u32>entry & 63);
  if (distance > to - outputStart || to + length > outputEnd) return 0;
  copyMatch(to, distance, length);
  noteMatch(to - outputStart, length, distance);
  if (to - distance < content) {
    const end = bitsFrom(INPUT);
    noteSource(to - outputStart, length, distance, end - begin, end);
  }
  return to + length;
}
