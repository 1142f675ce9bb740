/** The symbols of a block: the loop in which nearly all time is spent. */
import { from, held, heldBits, setBits } from './bits';
import { distanceBits, literalBits } from './header';
import { DISTANCE_TABLE, INPUT, LITERAL_TABLE } from './layout';
import { noteMatch } from './notes';
import { noteSource } from './steps';
import { END, LITERAL, NONE, RARE } from './tables';

/**
 * Decodes to `to` what follows, up to the end of the block; answers where its output ends, 0 when it is not valid, reads
 * beyond `inputEnd` or writes beyond `outputEnd` (by no more than PADDING). Matches reach back to `outputStart`.
 *
 * Shifts take their count modulo 64, as WebAssembly does: so an entry, of which the low 6 bits are the bits it stands for,
 * is a count as it is, and of `count` the low 6 bits alone have a meaning.
 */
export function decodeSymbols(inputEnd: usize, outputStart: usize, to: usize, outputEnd: usize): usize {
  return decode(inputEnd, outputStart, to, outputEnd, 0, false, false);
}

/** The same, and all matches are noted. */
export function decodeNoting(inputEnd: usize, outputStart: usize, to: usize, outputEnd: usize): usize {
  return decode(inputEnd, outputStart, to, outputEnd, 0, true, false);
}

/** Has the block ended at which the last decodeUntil stopped? */
export let ended: bool = false;
/** What the output holds beyond `pause` then is less than this. */
export const BEYOND: usize = 264;

/** As decodeNoting, but stops soon after `pause` also. Matches that refer to what lies before `content` are looked at (see steps.ts). */
export function decodeUntil(inputEnd: usize, outputStart: usize, to: usize, pause: usize, content: usize): usize {
  ended = false;
  return decode(inputEnd, outputStart, to, pause, content, true, true);
}

@inline
function decode(
  inputEnd: usize,
  outputStart: usize,
  to: usize,
  outputEnd: usize,
  content: usize,
  noting: bool,
  pausing: bool,
): usize {
  const literalMask: u64 = (1 << literalBits) - 1;
  const distanceMask: u64 = (1 << distanceBits) - 1;
  // bytes are held ahead of those that codes are taken of
  const inputLimit = inputEnd + 8;
  let at = from;
  let bits = held;
  let count = <u64>heldBits;
  bits |= load<u64>(at) << count;
  at += <usize>((63 - count) >> 3) & 7;
  count |= 56;
  let entry = look(LITERAL_TABLE, bits & literalMask);
  do {
    // three entries of literals and a look at the next: 40 bits at most, for longer codes are not in the first table
    if (entry & LITERAL) {
      store<u16>(to, <u16>(entry >> 16));
      to += literalsOf(entry);
      bits >>= entry;
      count -= entry;
      entry = look(LITERAL_TABLE, bits & literalMask);
      if (entry & LITERAL) {
        store<u16>(to, <u16>(entry >> 16));
        to += literalsOf(entry);
        bits >>= entry;
        count -= entry;
        entry = look(LITERAL_TABLE, bits & literalMask);
        if (entry & LITERAL) {
          store<u16>(to, <u16>(entry >> 16));
          to += literalsOf(entry);
          bits >>= entry;
          count -= entry;
          bits |= load<u64>(at) << count;
          at += <usize>((63 - count) >> 3) & 7;
          count |= 56;
          entry = look(LITERAL_TABLE, bits & literalMask);
          continue;
        }
      }
      bits |= load<u64>(at) << count;
      at += <usize>((63 - count) >> 3) & 7;
      count |= 56;
    }
    if (entry & RARE) {
      if (!(entry & (END | NONE))) entry = lookFurther(LITERAL_TABLE, entry, bits >> literalBits);
      if (entry & LITERAL) {
        store<u8>(to++, <u8>(entry >> 16));
        bits >>= entry;
        count -= entry;
        bits |= load<u64>(at) << count;
        at += <usize>((63 - count) >> 3) & 7;
        count |= 56;
        entry = look(LITERAL_TABLE, bits & literalMask);
        continue;
      }
      if (entry & RARE) {
        if (!(entry & END) || (!pausing && to > outputEnd)) return 0;
        if (pausing) ended = true;
        setBits(at, bits >> entry, <u32>(count - entry) & 63);
        return to;
      }
    }
    const length = <usize>(entry >> 16) + extraOf(entry, bits);
    const lengthBits = entry & 63;
    bits >>= entry;
    count -= entry;
    entry = look(DISTANCE_TABLE, bits & distanceMask);
    if (entry & RARE) {
      if (!(entry & NONE)) entry = lookFurther(DISTANCE_TABLE, entry, bits >> distanceBits);
      if (entry & RARE) return 0;
    }
    const distance = <usize>(entry >> 16) + extraOf(entry, bits);
    const matchBits = <u32>(lengthBits + (entry & 63));
    bits >>= entry;
    count -= entry;
    if (distance > to - outputStart) return 0;
    bits |= load<u64>(at) << count;
    at += <usize>((63 - count) >> 3) & 7;
    count |= 56;
    entry = look(LITERAL_TABLE, bits & literalMask);
    copyMatch(to, distance, length);
    if (noting) noteMatch(to - outputStart, length, distance);
    if (pausing && to - distance < content) {
      noteSource(to - outputStart, length, distance, matchBits, <u32>(((at - INPUT) << 3) - (<usize>count & 63)));
    }
    to += length;
  } while (at <= inputLimit && to <= outputEnd);
  if (!pausing || at > inputLimit) return 0;
  setBits(at, bits, <u32>count & 63);
  return to;
}

@inline
export function look(table: usize, place: u64): u64 {
  return <u64>load<u32>(table + (<usize>place << 2));
}

/** Of an entry that says `longer`: the entry of the second table, by the bits behind those of the first look. */
@inline
export function lookFurther(table: usize, entry: u64, bits: u64): u64 {
  return look(table, (entry >> 16) + (bits & maskOf(entry >> 8)));
}

@inline
function literalsOf(entry: u64): usize {
  return 1 + (<usize>(entry >> 13) & 1);
}

@inline
function maskOf(bits: u64): u64 {
  return (<u64>1 << (bits & 7)) - 1;
}

/** The extra bits of a match's entry, which lie behind its code. */
@inline
export function extraOf(entry: u64, bits: u64): usize {
  return <usize>((bits & ((<u64>1 << entry) - 1)) >> (entry >> 8));
}

/** May write up to 16 bytes more. */
@inline
export function copyMatch(to: usize, distance: usize, length: usize): void {
  let source = to - distance;
  const end = to + length;
  if (distance >= 16) {
    do {
      v128.store(to, v128.load(source));
      source += 16;
      to += 16;
    } while (to < end);
    return;
  }
  // what repeats is doubled until 8 bytes of it do not overlap
  while (distance < 8) {
    store<u64>(to, load<u64>(source));
    to += distance;
    distance <<= 1;
  }
  while (to < end) {
    store<u64>(to, load<u64>(source));
    source += 8;
    to += 8;
  }
}
