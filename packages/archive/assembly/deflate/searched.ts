/** Matches that are searched for, as hard as the level says (see levels.ts). */
import { isBetter, isWorth, ONE_LATER, TWO_LATER } from './costs';
import { WINDOW } from './layout';
import { depth, laterDepth, nice, patience, twice } from './levels';
import { longestMatch, remember } from './positions';
import { addMatch, at as done, countLiteral, left as symbolsLeft, setPlace, turnChunk } from './sequences';

/** Positions before this one are remembered, or never will be. */
export let remembered: usize = 0;

export function startRemembering(input: usize): void {
  remembered = input;
}

/** Nothing of what lies before is looked for any more, unless it is remembered. */
export function forgetBefore(address: usize): void {
  remembered = address;
}

/** Takes all bytes up to `end`. What was not searched before is remembered first, as far as a match may reach. */
export function takeSearched(end: usize): void {
  let at = done;
  let left = symbolsLeft;
  remember(max<usize>(remembered, max<usize>(at, WINDOW) - WINDOW), at);
  while (at < end) {
    if (left <= 0) {
      setPlace(at, left);
      turnChunk();
      left = symbolsLeft;
    }
    left--;
    let match = longestMatch(at, 3, reach(at, end), nice, depth);
    if (match == 0 || !isWorth(match, at)) {
      countLiteral(at++);
      continue;
    }
    let known = at + 1;
    while (match >> 16 < patience && known < end) {
      const least = (match >> 16) - 1;
      let later = longestMatch(known, least, reach(known, end), nice, laterDepth);
      known++;
      if (isBetter(later, match, ONE_LATER)) {
        countLiteral(at++);
        left--;
        match = later;
        continue;
      }
      if (!twice || known >= end) break;
      later = longestMatch(known, least, reach(known, end), nice, laterDepth);
      known++;
      if (!isBetter(later, match, TWO_LATER)) break;
      countLiteral(at++);
      countLiteral(at++);
      left -= 2;
      match = later;
    }
    addMatch(at, match);
    at += match >> 16;
    remember(isFill(match) ? at - 8 : known, at);
  }
  setPlace(at, left);
  remembered = at;
}

/** One byte over and over: its first and last places say it all. */
@inline
function isFill(match: u32): bool {
  return (match & 0xffff) == 1 && match >> 16 > 32;
}

@inline
function reach(at: usize, end: usize): u32 {
  return <u32>min<usize>(end - at, 258);
}
