/**
 * Headers of a tar stream: nearly all of one stands at the same place in the one before it. Nothing is searched, and content
 * does not refer to them.
 */
import { isWorth } from './costs';
import { WINDOW } from './layout';
import { forgetBefore, remembered } from './searched';
import { addMatch, at as done, countLiteral, left as symbolsLeft, setPlace, turnChunk } from './sequences';

const LEAST: u32 = 4;

/** Can what lies `distance` bytes before be referred to? */
export function isWithin(input: usize, distance: u32): bool {
  return distance > 0 && distance <= WINDOW && done >= input + distance;
}

/** Takes all bytes up to `end`, which resemble those that lie `distance` bytes before. */
export function takeAlike(end: usize, distance: u32): void {
  let at = done;
  let left = symbolsLeft;
  const forgotten = remembered == at;
  while (at < end) {
    if (left <= 0) {
      setPlace(at, left);
      turnChunk();
      left = symbolsLeft;
    }
    left--;
    const most = <u32>min<usize>(end - at, 258);
    const same = agreeing(at - distance, at, most);
    const fill: u32 = same == most ? 0 : agreeing(at - 1, at, most);
    const match = same >= fill ? (same << 16) | distance : (fill << 16) | 1;
    if (match >> 16 < LEAST || !isWorth(match, at)) {
      countLiteral(at++);
      continue;
    }
    addMatch(at, match);
    at += match >> 16;
  }
  setPlace(at, left);
  if (forgotten) forgetBefore(at);
}

/** How many bytes agree, at most `most`. */
@inline
export function agreeing(there: usize, here: usize, most: u32): u32 {
  for (let length: u32 = 0; length < most; length += 8) {
    const differ = load<u64>(there + length) ^ load<u64>(here + length);
    if (differ != 0) return min<u32>(length + <u32>(ctz(differ) >> 3), most);
  }
  return most;
}
