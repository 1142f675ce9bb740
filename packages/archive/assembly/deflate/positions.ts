/**
 * Where each run of bytes occurred last. Positions count on over all runs a thread ever compresses, so that nothing needs
 * clearing: what another run left behind lies before the first position of this one.
 */
import { isFarther } from './costs';
import { HEADS, HEAD_BITS, NEAR_BITS, NEAR_HEADS, POSITIONS_END, PREVIOUS, WINDOW } from './layout';
import { agreeing } from './levels';

/** The position of address 0. */
let shift: u32 = 0;
/** Positions before this one belong to other runs. */
let firstPosition: u32 = 1;
let nextPosition: u32 = 1;
const MOST_POSITION: u32 = 0x7fffffff;

export function startPositions(input: usize, length: u32): void {
  if (length > MOST_POSITION - nextPosition) {
    memory.fill(HEADS, 0, POSITIONS_END - HEADS);
    nextPosition = 1;
  }
  firstPosition = nextPosition;
  shift = nextPosition - <u32>input;
  nextPosition += length;
  lookAhead(load<u64>(input));
}

/** For tests: as if so many bytes had been compressed before. Positions only ever count on. */
export function skipPositions(position: u32): void {
  nextPosition = max<u32>(nextPosition, position);
}

@inline
function headOf(word: u64, unused: u64): usize {
  return (<usize>(((word << unused) * <u64>0x9e3779b97f4a7c15) >> (64 - HEAD_BITS))) << 2;
}

@inline
function nearHeadOf(word: u64): usize {
  return (<usize>(((<u32>word) * <u32>0x9e3779b1) >> (32 - NEAR_BITS))) << 2;
}

/** Of a word of 8 bytes, those that need not agree. */
@inline
function unusedBits(): u64 {
  return 64 - 8 * <u64>agreeing;
}

@inline
function previousOf(position: u32): usize {
  return PREVIOUS + ((position & (WINDOW - 1)) << 2);
}

/** Of the address searched next: where its hashes lead. Loaded a search ahead, as they are seldom in the nearest cache. */
let nextHead: usize = 0;
let nextNearHead: usize = 0;
let nextCandidate: u32 = 0;
let nextNear: u32 = 0;

@inline
function lookAhead(word: u64): void {
  nextNearHead = nearHeadOf(word);
  nextNear = load<u32>(nextNearHead, NEAR_HEADS);
  nextHead = headOf(word, unusedBits());
  nextCandidate = load<u32>(nextHead, HEADS);
}

/** Remembers the positions of all addresses from `at` to before `end`, which is searched next. */
export function remember(at: usize, end: usize): void {
  const unused = unusedBits();
  const offset = shift;
  for (; at < end; at++) {
    const position = <u32>at + offset;
    const word = load<u64>(at);
    store<u32>(nearHeadOf(word), position, NEAR_HEADS);
    const head = headOf(word, unused);
    store<u32>(previousOf(position), load<u32>(head, HEADS));
    store<u32>(head, position, HEADS);
  }
  lookAhead(load<u64>(end));
}

/**
 * The longest match for `at` of at most `most` bytes that is longer than `least` (3 or more), as length << 16 | distance;
 * 0 for none. Remembers `at`; the byte after it, or the end of what is remembered next, is to be searched next. Searching
 * stops at `nice` bytes, or after `depth` places. Where nothing else is found, the latest place where 4 bytes agree counts.
 */
@inline
export function longestMatch(at: usize, least: u32, most: u32, nice: u32, depth: u32): u32 {
  const position = <u32>at + shift;
  const word = load<u64>(at);
  const near = nextNear;
  store<u32>(nextNearHead, position, NEAR_HEADS);
  let candidate = nextCandidate;
  store<u32>(nextHead, position, HEADS);
  store<u32>(previousOf(position), candidate);
  lookAhead(word >> 8);
  const earliest = <u32>max(<i32>firstPosition, <i32>position - <i32>WINDOW + 1);
  let best = max<u32>(least, agreeing - 1);
  let found: u32 = 0;
  // what to add to a position for the last 4 bytes of a match one byte longer than the best
  let tailFrom = best - 3 - shift;
  let tail = load<u32>(position + tailFrom);
  for (; candidate >= earliest; candidate = load<u32>(previousOf(candidate))) {
    if (load<u32>(candidate + tailFrom) == tail) {
      const there = <usize>(candidate - shift);
      const differ = load<u64>(there) ^ word;
      const length = differ != 0 ? <u32>(ctz(differ) >> 3) : matchLength(there, at);
      if (length > best && (length > best + 1 || found == 0 || !isFarther(position - candidate, found))) {
        best = length;
        found = position - candidate;
        if (best >= nice) break;
        tailFrom = best - 3 - shift;
        tail = load<u32>(position + tailFrom);
      }
    }
    if (--depth == 0) break;
  }
  if (found == 0) {
    if (least >= agreeing - 1 || near < earliest) return 0;
    best = min<u32>(<u32>(ctz(load<u64>(<usize>(near - shift)) ^ word) >> 3), 7);
    found = position - near;
  }
  best = min<u32>(best, most);
  return best > least ? (best << 16) | found : 0;
}

/** Of two places whose first 8 bytes agree: how many do, at most 258. */
@inline
function matchLength(there: usize, here: usize): u32 {
  let length: u32 = 8;
  while (length < 258) {
    const differ = load<u64>(there + length) ^ load<u64>(here + length);
    if (differ != 0) return min<u32>(length + <u32>(ctz(differ) >> 3), 258);
    length += 8;
  }
  return 258;
}
