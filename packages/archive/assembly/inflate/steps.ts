/**
 * What a stream consists of, for whoever writes it again with other bytes in some spans of its output
 * (packages/archive/assembly/deflate/exchange.ts). Spans are in order, apart from each other, and not empty.
 */
import { distances, literals } from './header';
import {
  CODES_OF_BLOCKS,
  DISTANCES,
  LENGTHS,
  LITERALS,
  MOST_BLOCKS,
  MOST_SPANS,
  MOST_STEPS,
  SPANS,
  STEPS,
} from './layout';

/** A step has four numbers: its kind, from and to, and what the kind needs. */
const STEP_BYTES: usize = 16;
/** The bits of a block's kind and codes; the block's number. */
const BLOCK: u32 = 0;
/** Bits of symbols outside of the spans, or of the end of a block. */
const COPIED: u32 = 1;
/** Bytes of the output that are in a span, or were copied from one; how far before them what resembles them lies, 0: unknown. */
const SPAN: u32 = 2;
/** Bytes of the output that were stored as they are, in spans or outside. */
const STORED: u32 = 3;

/** How many steps the last stream had, and how many blocks with codes. */
export let steps: u32 = 0;
export let blocks: u32 = 0;
/** Can it be written again? False when a symbol crosses the border of a span, or there was no room for notes. */
export let apart: bool = false;

let spans: u32 = 0;
/** The first span that has not ended. */
let next: u32 = 0;

export function startSteps(count: u32): void {
  steps = 0;
  blocks = 0;
  next = 0;
  spans = min<u32>(count, MOST_SPANS);
  apart = count > 0 && count <= MOST_SPANS;
}

export function giveUp(): void {
  apart = false;
}

@inline
function startOf(span: u32): u32 {
  return load<u32>(SPANS + (<usize>span << 3));
}

@inline
function endOf(span: u32): u32 {
  return load<u32>(SPANS + (<usize>span << 3), 4);
}

/** Goes on to the span that this place of the output is in, or comes before; answers whether it is in it. */
export function isInSpan(place: u32): bool {
  while (next < spans && endOf(next) <= place) next++;
  return next < spans && startOf(next) <= place;
}

/** Where the span ends, or what comes before it: no later than the output. */
export function seamAfter(inSpan: bool, outputEnd: u32): u32 {
  if (next >= spans) return outputEnd;
  return min<u32>(inSpan ? endOf(next) : startOf(next), outputEnd);
}

/** Where the bytes begin that lie between the last span and the next. */
export function contentStart(): u32 {
  return next == 0 ? 0 : endOf(next - 1);
}

/**
 * A match outside of the spans, of `length` bytes to `to`, refers to what lies before `contentStart`. Where that is in a span it is
 * made anew, for it may stand for other bytes. It took `bits`, before the bit `end`.
 */
export function noteSource(to: usize, length: usize, distance: usize, bits: u32, end: u32): void {
  const from = to - distance;
  for (let span = next; span > 0 && <usize>endOf(span - 1) > from; span--) {
    if (<usize>startOf(span - 1) >= from + length) continue;
    noteSymbols(end - bits);
    addStep(SPAN, <u32>to, <u32>(to + length), <u32>distance);
    symbolsFrom = end;
    return;
  }
}

export function noteBlock(from: u32, to: u32): void {
  if (blocks >= MOST_BLOCKS) return giveUp();
  const codes = CODES_OF_BLOCKS + <usize>(blocks * (LITERALS + DISTANCES));
  memory.fill(codes, 0, LITERALS + DISTANCES);
  memory.copy(codes, LENGTHS, literals);
  memory.copy(codes + <usize>LITERALS, LENGTHS + <usize>literals, distances);
  addStep(BLOCK, from, to, blocks++);
}

/** The first symbol that is not noted begins at this bit. */
let symbolsFrom: u32 = 0;

export function startSymbols(bit: u32): void {
  symbolsFrom = bit;
}

/** Symbols outside of the spans end before the bit `to`. */
export function noteSymbols(to: u32): void {
  const last = STEPS + STEP_BYTES * <usize>(steps - 1);
  if (steps > 0 && load<u32>(last) == COPIED && load<u32>(last, 8) == symbolsFrom) store<u32>(last, to, 8);
  else if (to > symbolsFrom) addStep(COPIED, symbolsFrom, to, 0);
  symbolsFrom = to;
}

export function noteSpan(from: u32, to: u32): void {
  if (to > from) addStep(SPAN, from, to, next == 0 ? 0 : startOf(next) - startOf(next - 1));
}

export function noteStored(from: u32, to: u32): void {
  addStep(STORED, from, to, 0);
}

function addStep(kind: u32, from: u32, to: u32, more: u32): void {
  if (steps >= MOST_STEPS) return giveUp();
  const step = STEPS + STEP_BYTES * <usize>(steps++);
  store<u32>(step, kind);
  store<u32>(step, from, 4);
  store<u32>(step, to, 8);
  store<u32>(step, more, 12);
}
