/**
 * Matches that an earlier frame had: content that is the same has them again, and nothing is searched. They are hints and
 * nothing more: each is compared with the bytes that are compressed now, so that any numbers in their place make a valid stream.
 */
import { agreeing } from './alike';
import { WINDOW } from './layout';
import { takeSearched } from './searched';
import { addMatch, at, countLiteral, left, setPlace, takeLiterals, turnChunk } from './sequences';
import { endOf, KNOWN, kindOf, placeOf, STRETCH_BYTES } from './stretches';

/** In order, 8 bytes each: where in the earlier frame it began, its length << 32, its distance - 1 << 48. */
let matches: usize = 0;
let matchesEnd: usize = 0;

export function setMatches(address: usize, count: u32): void {
  matches = address;
  matchesEnd = address + 8 * <usize>count;
}

const LEAST: u32 = 3;
/** So many bytes that have lost their match are not worth a search. */
const FEW: usize = 12;

/** Takes all bytes of the stretch at `stretch`, of the run at `input` whose first stretch is `first`. */
export function takeKnown(input: usize, first: usize, stretch: usize): void {
  const end = input + endOf(stretch);
  // of a place in the earlier frame, the address now
  const shift = at - <usize>placeOf(stretch);
  for (let next = firstBeyond(placeOf(stretch)); next < matchesEnd; next += 8) {
    const known = load<u64>(next);
    const begin = <usize>(<u32>known) + shift;
    if (<isize>begin >= <isize>end) break;
    const from = <usize>max<isize>(<isize>begin, <isize>at);
    const to = <usize>min<isize>(<isize>(begin + ((<usize>(known >> 32)) & 0xffff)), <isize>end);
    if (<isize>(to - from) < <isize>LEAST) continue;
    takeLiterals(from);
    takeMatch(input, <u32>(known >> 48) + 1, to, first, stretch);
  }
  takeLiterals(end);
}

/** The first match that does not end before this place of the earlier frame. */
function firstBeyond(place: u32): usize {
  let low = matches;
  let high = matchesEnd;
  while (low < high) {
    const middle = low + ((((high - low) >> 3) >> 1) << 3);
    const known = load<u64>(middle);
    if (<u64>(<u32>known) + ((known >> 32) & 0xffff) <= <u64>place) low = middle + 8;
    else high = middle;
  }
  return low;
}

/** Takes the bytes up to `to` as a match at this distance, when they are one. */
function takeMatch(input: usize, distance: u32, to: usize, first: usize, stretch: usize): void {
  const length = <u32>min<usize>(to - at, 258);
  let reach = distance;
  let same = lengthAt(input, reach, length);
  if (same < length) {
    const moved = movedDistance(input, distance, first, stretch);
    const other: u32 = moved == distance ? 0 : lengthAt(input, moved, length);
    if (other > same) {
      reach = moved;
      same = other;
    }
  }
  if (same >= LEAST) {
    if (left <= 0) turnChunk();
    addMatch(at, (same << 16) | reach);
    setPlace(at + same, left - 1);
  }
  if (at < to) takeLost(to);
}

@inline
function lengthAt(input: usize, distance: u32, most: u32): u32 {
  return distance <= WINDOW && at >= input + distance ? agreeing(at - distance, at, most) : 0;
}

function takeLost(to: usize): void {
  if (to - at <= FEW) takeLiterals(to);
  else takeSearched(to);
}

/** What the match referred to may have come nearer, or gone farther away. */
function movedDistance(input: usize, distance: u32, first: usize, stretch: usize): u32 {
  const begin = input + (stretch == first ? 0 : endOf(stretch - STRETCH_BYTES));
  const source = placeOf(stretch) + <u32>(at - begin) - distance;
  for (let other = stretch; other > first;) {
    other -= STRETCH_BYTES;
    const from = other == first ? 0 : endOf(other - STRETCH_BYTES);
    const length = endOf(other) - from;
    if (kindOf(other) == KNOWN && source - placeOf(other) < length)
      return <u32>(at - input) - (from + source - placeOf(other));
    if (input + endOf(other) + WINDOW < at) break;
  }
  return distance;
}
