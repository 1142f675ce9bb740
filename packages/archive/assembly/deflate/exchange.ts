/**
 * Writes a stream again with other bytes in some spans of its output (packages/archive/assembly/inflate/steps.ts). The symbols
 * outside of the spans are copied, bit by bit: they stand for the same bytes. Those of the spans are made anew, of the codes
 * that the block has.
 */
import { agreeing } from './alike';
import { alignBits, held, heldBits, out, setBits, startAt, writeBits, writeCode } from './bits';
import { hasDistance, MOST_STORED, useCodes, useFixedCodes, writeMatch, writeStored } from './block';
import { CODES, END_OF_BLOCK, FRAME, LENGTHS_OF_CODES, LENGTH_BASE, LENGTH_CODE, PADDING, SYMBOLS, WINDOW } from './layout';

/** As the decoder noted them (packages/archive/assembly/inflate/steps.ts). */
const STEP_BYTES: usize = 16;
const BLOCK: u32 = 0;
const COPIED: u32 = 1;
const SPAN: u32 = 2;
const STORED: u32 = 3;

/** Where what `exchange` works on goes: the earlier stream, its steps, the codes of its blocks, and all raw bytes now. */
export let earlierAt: usize = 0;
export let stepsAt: usize = 0;
export let codesAt: usize = 0;
export let rawAt: usize = 0;
/** Where the stream is written. */
export let writtenAt: usize = 0;

/** False when there is no memory. */
export function reserveExchange(length: u32, steps: u32, blocks: u32, rawLength: u32, room: u32): bool {
  earlierAt = FRAME;
  stepsAt = aligned(earlierAt + length + PADDING);
  codesAt = stepsAt + STEP_BYTES * <usize>steps;
  rawAt = aligned(codesAt + <usize>(SYMBOLS * blocks));
  writtenAt = aligned(rawAt + rawLength + PADDING);
  const more = <i32>((writtenAt + room + SLACK + 0xffff) >> 16) - memory.size();
  return more <= 0 || memory.grow(more) >= 0;
}

@inline
function aligned(address: usize): usize {
  return (address + 63) & ~63;
}

/** What may be written beyond the room: the codes of a block. */
const SLACK: usize = 512;

/** Where the stream must have ended. */
let limit: usize = 0;
/** The block's step, and whether its codes are those to write with. */
let block: usize = 0;
let codesReady: bool = false;
/** A block of fixed codes is open in place of the block: it has no code for something. */
let aside: bool = false;

/**
 * Writes the stream of the steps; answers its length, `room` at most. 0: it is longer, or the last block has
 * no code for something.
 */
export function exchange(steps: u32, room: u32): u32 {
  startAt(writtenAt);
  codesReady = false;
  aside = false;
  limit = writtenAt + room;
  const last = stepsAt + STEP_BYTES * <usize>steps;
  for (let step = stepsAt; step < last; step += STEP_BYTES) {
    const from = load<u32>(step, 4);
    const to = load<u32>(step, 8);
    const kind = load<u32>(step);
    if (kind == SPAN) {
      if (!writeSpan(from, to, load<u32>(step, 12))) return 0;
      continue;
    }
    if (out + lengthOf(kind, to - from) > limit) return 0;
    if (kind == BLOCK) {
      block = step;
      codesReady = false;
      copyBits(from, to);
    } else if (kind == COPIED) {
      if (aside) comeBack();
      copyBits(from, to);
    } else writeStored(rawAt + from, to - from);
  }
  alignBits();
  return out > limit ? 0 : <u32>(out - writtenAt);
}

/** How many bytes a step takes that is no span, and is what it was. */
function lengthOf(kind: u32, length: u32): usize {
  return kind == STORED ? length + 5 * (length / MOST_STORED + 1) : (length >> 3) + 1;
}

/** 56 bits at a time: with up to 7 held, they fit 64. */
function copyBits(first: u32, last: u32): void {
  const shift = first & 7;
  let from = earlierAt + (first >> 3);
  let left = last - first;
  let bits = held;
  let to = out;
  const before = heldBits;
  for (; left >= 56; left -= 56) {
    bits |= ((load<u64>(from) >> shift) & 0xffffffffffffff) << before;
    store<u64>(to, bits);
    bits >>= 56;
    from += 7;
    to += 7;
  }
  setBits(to, bits, before);
  const rest = load<u64>(from) >> shift;
  if (left > 28) {
    writeBits(<u32>rest & 0xfffffff, 28);
    writeBits(<u32>(rest >> 28) & ((1 << (left - 28)) - 1), left - 28);
  } else writeBits(<u32>rest & ((1 << left) - 1), left);
}

const LEAST: u32 = 4;
/** Of a tar stream: what stands there in one header mostly stands there in the next. */
const HEADER: u32 = 512;

/** `back`: how far before it the last span began, which is much alike. */
function writeSpan(from: u32, to: u32, back: u32): bool {
  if (!codesReady && !aside) {
    useCodes(codesAt + <usize>(SYMBOLS * load<u32>(block, 12)));
    codesReady = true;
  }
  const input = rawAt;
  const end = input + to;
  for (let at = input + from; at < end;) {
    if (out >= limit) return false;
    const most = min<u32>(<u32>(end - at), 258);
    let distance: u32 = 1;
    let same = lengthAt(input, at, 1, most);
    if (same < most) {
      const header = lengthAt(input, at, HEADER, most);
      if (header > same) {
        same = header;
        distance = HEADER;
      }
      const span: u32 = back == 0 ? 0 : lengthAt(input, at, back, most);
      if (span > same) {
        same = span;
        distance = back;
      }
    }
    same = codedLength(same);
    if (same >= LEAST) {
      writeMatch(same, distance - 1);
      at += same;
      continue;
    }
    const code = load<u32>(CODES + ((<usize>load<u8>(at)) << 2));
    if (code == 0) {
      if (!goAside()) return false;
      continue;
    }
    writeCode(code);
    at++;
  }
  return true;
}

/** How many bytes agree with those so far before, when the block has a code for the distance. */
@inline
function lengthAt(input: usize, at: usize, distance: u32, most: u32): u32 {
  return distance <= WINDOW && at >= input + distance && hasDistance(distance - 1) ? agreeing(at - distance, at, most) : 0;
}

/** The longest match up to this length that the block has a code for. */
function codedLength(length: u32): u32 {
  while (length >= LEAST) {
    const symbol = load<u8>(LENGTH_CODE + <usize>(length - 3));
    if (load<u8>(LENGTHS_OF_CODES + 257 + <usize>symbol) > 0) return length;
    length = <u32>load<u8>(LENGTH_BASE + <usize>symbol) + 2;
  }
  return 0;
}

/** Ends the block, and opens one of fixed codes. False when it is the last, behind which there is none. */
function goAside(): bool {
  const first = load<u32>(block, 4);
  if ((load<u8>(earlierAt + (first >> 3)) >> (first & 7)) & 1) return false;
  writeCode(load<u32>(CODES + (END_OF_BLOCK << 2)));
  writeBits(0b010, 3);
  useFixedCodes();
  aside = true;
  return true;
}

/** Ends the block of fixed codes, and opens the block again. */
function comeBack(): void {
  writeCode(load<u32>(CODES + (END_OF_BLOCK << 2)));
  copyBits(load<u32>(block, 4), load<u32>(block, 8));
  aside = false;
  codesReady = false;
}
