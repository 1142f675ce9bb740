/** From bytes to sequences, stretch by stretch. */
import { isWithin, takeAlike } from './alike';
import { guessCosts } from './costs';
import { takeKnown } from './known';
import { forgetBefore, startRemembering, takeSearched } from './searched';
import { at, endSequences, startSequences } from './sequences';
import { ALIKE, endOf, KNOWN, kindOf, placeOf, STRETCH_BYTES } from './stretches';

/** Deflates the run to blocks; where it has no stretches, all of it is searched. */
export function parse(input: usize, length: u32, stretches: usize, count: u32): void {
  startSequences(input);
  guessCosts(input, length);
  startRemembering(input);
  const last = stretches + STRETCH_BYTES * <usize>count;
  for (let stretch = stretches; stretch < last; stretch += STRETCH_BYTES) take(input, stretches, stretch);
  if (at < input + length) takeSearched(input + length);
  endSequences();
}

function take(input: usize, first: usize, stretch: usize): void {
  const end = input + endOf(stretch);
  const kind = kindOf(stretch);
  if (kind == KNOWN) return takeKnown(input, first, stretch);
  if (kind != ALIKE) return takeSearched(end);
  if (isWithin(input, placeOf(stretch))) return takeAlike(end, placeOf(stretch));
  // a header apart from the others: what it repeats lies in itself
  forgetBefore(at);
  takeSearched(end);
}
