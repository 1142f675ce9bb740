/** The stretches of a run: where each ends, and how its matches are found. Matches never lie in two stretches. */

/** 12 bytes each, in order: its end (from the beginning of the run), its kind, and what the kind needs. */
export const STRETCH_BYTES: usize = 12;

/** By searching. */
export const SEARCHED: u32 = 0;
/** It is much like what lies so many bytes before: the header of the entry before. */
export const ALIKE: u32 = 1;
/** The matches that it had in an earlier frame, where it began at this place. */
export const KNOWN: u32 = 2;

@inline
export function endOf(stretch: usize): u32 {
  return load<u32>(stretch);
}

@inline
export function kindOf(stretch: usize): u32 {
  return load<u32>(stretch, 4);
}

@inline
export function placeOf(stretch: usize): u32 {
  return load<u32>(stretch, 8);
}
