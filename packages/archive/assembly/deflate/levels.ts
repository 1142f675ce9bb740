/**
 * How hard each level searches. On text, code, logs and JSON none is larger than zlib's of the same number by more than
 * 1 %, and most are smaller.
 */

/** Bytes that have to agree for a place to be looked at (besides the latest place where 4 do). */
export let agreeing: u32 = 5;
/** A match of so many bytes ends the search. */
export let nice: u32 = 0;
/** How many places are looked at. */
export let depth: u32 = 0;
/** A match of so many bytes is taken without a look at what begins a byte later, where so many places are looked at. */
export let patience: u32 = 0;
export let laterDepth: u32 = 0;
/** Is there a look at what begins two bytes later? */
export let twice: bool = false;

export function setLevel(level: u32): void {
  if (level <= 1) set(6, 16, 1, 0, 0, false);
  else if (level == 2) set(5, 24, 4, 0, 0, false);
  else if (level == 3) set(5, 32, 8, 0, 0, false);
  else if (level == 4) set(5, 48, 8, 8, 4, false);
  else if (level == 5) set(5, 64, 12, 16, 6, false);
  else if (level == 6) set(6, 128, 20, 16, 6, false);
  else if (level == 7) set(5, 200, 128, 64, 48, false);
  else if (level == 8) set(5, 258, 200, 128, 80, true);
  else set(5, 258, 400, 258, 160, true);
}

function set(bytes: u32, enough: u32, places: u32, wait: u32, laterPlaces: u32, two: bool): void {
  agreeing = bytes;
  nice = enough;
  depth = places;
  patience = wait;
  laterDepth = laterPlaces;
  twice = two;
}
