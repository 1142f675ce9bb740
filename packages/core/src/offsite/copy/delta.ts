/** What of some bytes is in older bytes already: the rsync of packs, on the stored bytes of one changed frame. */
import { cuts } from './gear.ts';

/** A part of the new bytes: in the old ones from `old` on, or (undefined) nowhere. */
export interface Part {
  at: number;
  length: number;
  old?: number;
}

/** Small enough that a changed file of a few KiB costs little more than itself. */
const CUTS = { least: 512, most: 8 * 1024, bits: 11 };
/** A shorter match is not worth a line in a recipe. */
const LEAST_MATCH = 1024;

/** The new bytes, in order. Matches are compared byte by byte. */
export function deltaOf(bytes: Buffer, old: Buffer): Part[] {
  const places = placesOf(old);
  const parts: Part[] = [];
  let done = 0;
  for (const { at, length } of cuts(bytes, CUTS)) {
    if (at + length <= done) continue;
    const place = places.get(keyOf(bytes.subarray(at, at + length)));
    if (place === undefined) continue;
    const match = grown(bytes, old, { at: Math.max(at, done), old: place + Math.max(0, done - at) }, done);
    if (match === undefined) continue;
    if (match.at > done) parts.push({ at: done, length: match.at - done });
    parts.push(match);
    done = match.at + match.length;
  }
  if (done < bytes.length) parts.push({ at: done, length: bytes.length - done });
  return parts;
}

/** The later of two equal pieces. */
function placesOf(old: Buffer): Map<string, number> {
  const places = new Map<string, number>();
  for (const { at, length } of cuts(old, CUTS)) places.set(keyOf(old.subarray(at, at + length)), at);
  return places;
}

/** Equal bytes have equal keys; what has equal keys is compared. */
const keyOf = (piece: Buffer): string => piece.toString('latin1');

/** The longest match through a place, not before `from`. */
function grown(
  bytes: Buffer,
  old: Buffer,
  start: { at: number; old: number },
  from: number,
): (Part & { old: number }) | undefined {
  let back = 0;
  while (
    start.at - back > from &&
    start.old - back > 0 &&
    bytes[start.at - back - 1] === old[start.old - back - 1]
  )
    back++;
  const at = start.at - back;
  const oldAt = start.old - back;
  const most = Math.min(bytes.length - at, old.length - oldAt);
  let length = 0;
  while (length < most && bytes[at + length] === old[oldAt + length]) length++;
  return length < LEAST_MATCH ? undefined : { at, length, old: oldAt };
}
