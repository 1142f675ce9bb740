/** The slices of the previous archive by their digests, for all threads to see. */
import type { FrameTable } from '../index/types.ts';
import { MOST_RAW_BYTES } from '../index/sizes.ts';
import { FRAME_KINDS } from '../index/types.ts';
import { SLOT_BYTES } from './arena.ts';
import type { ProvedFrame } from './stored-frame.ts';

/** Slices whose digests begin alike are chance, or an attack: those beyond so many are not found again. */
const MOST_ALIKE = 16;
const DIGEST_BYTES = 32;

/** A hash table: each place has the number of a frame + 1, or 0. */
export interface StoredSlices {
  archiveFd: number;
  table: FrameTable;
  places: Uint32Array;
}

export function storedSlices(table: FrameTable, archiveFd: number): StoredSlices {
  const numbers = [...numbersOf(table)];
  const count = 2 ** Math.ceil(Math.log2(2 * numbers.length + 2));
  const slices = { archiveFd, table, places: new Uint32Array(new SharedArrayBuffer(4 * count)) };
  for (const number of numbers) {
    const digest = digestOf(table, number);
    const place = placesFor(slices, digest).find((at) => isFreeOrSame(slices, at, digest));
    if (place !== undefined) slices.places[place] = number + 1;
  }
  return slices;
}

/** A slice with these raw bytes, whatever file it was of and wherever in it. */
export function findStored(slices: StoredSlices, digest: Buffer): ProvedFrame | undefined {
  for (const at of placesFor(slices, digest)) {
    const number = slices.places[at]! - 1;
    if (number < 0) return undefined;
    if (digestOf(slices.table, number).equals(digest)) return storedFrame(slices, number);
  }
  return undefined;
}

export function storedFrame({ table, archiveFd }: Omit<StoredSlices, 'places'>, number: number): ProvedFrame {
  const { offsets, rawLengths, crcs } = table;
  const offset = offsets[number]!;
  return {
    ...{ archiveFd, offset, length: offsets[number + 1]! - offset, crc32: crcs[number]! },
    ...{ rawLength: rawLengths[number]!, digest: digestOf(table, number) },
  };
}

/** Those that a thread has room for. */
function* numbersOf({ flags, offsets, rawLengths }: FrameTable): Generator<number> {
  for (let number = 0; number < flags.length; number++) {
    if (FRAME_KINDS[flags[number]! & 3] !== 'slice') continue;
    const length = offsets[number + 1]! - offsets[number]!;
    if (length <= SLOT_BYTES && rawLengths[number]! <= MOST_RAW_BYTES) yield number;
  }
}

const digestOf = ({ digests }: FrameTable, number: number): Buffer =>
  Buffer.from(digests.buffer, digests.byteOffset + number * DIGEST_BYTES, DIGEST_BYTES);

/** Where a digest may be, in order. */
function* placesFor({ places }: StoredSlices, digest: Buffer): Generator<number> {
  const first = digest.readUInt32LE(0);
  for (let n = 0; n < MOST_ALIKE; n++) yield (first + n) % places.length;
}

function isFreeOrSame({ places, table }: StoredSlices, at: number, digest: Buffer): boolean {
  return places[at] === 0 || digestOf(table, places[at]! - 1).equals(digest);
}
