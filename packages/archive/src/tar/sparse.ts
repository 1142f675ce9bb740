/**
 * Sparse files as `tar --sparse` stores them: GNU's old format (type S) and the pax formats 0.0, 0.1 and 1.0
 * ("Storing Sparse Files" in GNU tar's manual). Only the parts with data are in the stream.
 */
import { type PaxRecords, paxNumber } from './pax.ts';
import { BLOCK, MalformedHeader, numericField, SIZE_RANGE, type TarHeader } from './header.ts';

const MAX_PARTS = 1 << 20;

/** A part of a file that has data. */
export interface DataPart {
  position: number;
  length: number;
}

export class SparseMap {
  readonly parts: readonly DataPart[];
  /** the part that comes next, and what of it was taken */
  #index = 0;
  #taken = 0;

  /** Throws MalformedHeader unless the parts ascend, fit in `realSize` and hold `stored` bytes. */
  constructor(numbers: number[], realSize: number, stored: number) {
    if (numbers.length % 2 !== 0 || numbers.length > 2 * MAX_PARTS)
      throw new MalformedHeader('its sparse map is malformed');
    const parts: DataPart[] = [];
    let end = 0;
    let sum = 0;
    for (let at = 0; at < numbers.length; at += 2) {
      const [position, length] = [numbers[at]!, numbers[at + 1]!];
      if (position < end) throw new MalformedHeader('its sparse map overlaps');
      end = position + length;
      sum += length;
      if (length > 0) parts.push({ position, length });
    }
    if (end > realSize || sum !== stored) throw new MalformedHeader('its sparse map does not fit its size');
    this.parts = parts;
  }

  /** Hands on the next stored bytes with their places in the file. */
  place(bytes: Buffer, emit: (part: Buffer, offset: number) => void): void {
    let at = 0;
    for (const { position, length } of this.take(bytes.length))
      emit(bytes.subarray(at, (at += length)), position);
  }

  /** Where the next stored bytes lie in the file. */
  *take(length: number): Generator<DataPart> {
    for (let left = length; left > 0;) {
      const part = this.parts[this.#index]!;
      const taken = Math.min(part.length - this.#taken, left);
      yield { position: part.position + this.#taken, length: taken };
      left -= taken;
      this.#taken += taken;
      if (this.#taken < part.length) continue;
      this.#taken = 0;
      this.#index++;
    }
  }
}

/** Reads a sparse map that lies in blocks of its own after the header; `map` is set when it is complete. */
export interface SparseMapReader {
  map: SparseMap | undefined;
  /** the blocks are not counted in the member's size */
  readonly outside: boolean;
  push(block: Buffer): void;
}

export interface Sparse {
  realSize: number;
  map?: SparseMap;
  reader?: SparseMapReader;
}

/** How the member is sparse, or undefined. Throws MalformedHeader. */
export function sparseMapOf(header: TarHeader, block: Buffer, pax: PaxRecords): Sparse | undefined {
  if (header.flag === 'S') return oldFormat(block, header.size());
  const realSize = paxNumber(pax, 'GNU.sparse.realsize') ?? paxNumber(pax, 'GNU.sparse.size');
  if (realSize === undefined) return undefined;
  const stored = paxNumber(pax, 'size') ?? header.size();
  if (pax.get('GNU.sparse.major') === '1') return { realSize, reader: new MapInContent(realSize, stored) };
  return { realSize, map: new SparseMap(numbersOf(pax), realSize, stored) };
}

function numbersOf(pax: PaxRecords): number[] {
  const list = (key: string): number[] => (pax.get(key) ?? '').split(',').filter(Boolean).map(decimal);
  const offsets = list('GNU.sparse.offset');
  if (offsets.length === 0) return list('GNU.sparse.map');
  const lengths = list('GNU.sparse.numbytes');
  return offsets.flatMap((offset, at) => [offset, lengths[at] ?? NaN]).map((value) => decimal(String(value)));
}

function decimal(text: string): number {
  const value = Number(text);
  if (!/^\d{1,16}$/.test(text) || value > Number.MAX_SAFE_INTEGER)
    throw new MalformedHeader('its sparse map is malformed');
  return value;
}

/** `count` pairs of 12-byte fields; a blank one ends the list. */
function fields(block: Buffer, start: number, count: number, into: number[]): void {
  for (let at = start; at < start + 24 * count; at += 24) {
    if (block[at] === 0 && block[at + 12] === 0) return;
    into.push(
      numericField(block, at, 12, 'sparse map', SIZE_RANGE),
      numericField(block, at + 12, 12, 'sparse map', SIZE_RANGE),
    );
  }
}

function oldFormat(block: Buffer, stored: number): Sparse {
  const realSize = numericField(block, 483, 12, 'real size', SIZE_RANGE);
  const numbers: number[] = [];
  fields(block, 386, 4, numbers);
  if (block[482] === 0) return { realSize, map: new SparseMap(numbers, realSize, stored) };
  return { realSize, reader: new MapInExtensions(numbers, realSize, stored) };
}

class MapInExtensions implements SparseMapReader {
  readonly outside = true;
  map: SparseMap | undefined;
  readonly #numbers: number[];
  readonly #realSize: number;
  readonly #stored: number;

  constructor(numbers: number[], realSize: number, stored: number) {
    this.#numbers = numbers;
    this.#realSize = realSize;
    this.#stored = stored;
  }

  push(block: Buffer): void {
    fields(block, 0, 21, this.#numbers);
    if (this.#numbers.length > 2 * MAX_PARTS) throw new MalformedHeader('its sparse map is malformed');
    if (block[504] === 0) this.map = new SparseMap(this.#numbers, this.#realSize, this.#stored);
  }
}

/**
 * The map of format 1.0 in blocks of its own: the beginning of `stored` bytes of content. Throws MalformedHeader unless it
 * ends with the blocks.
 */
export function parseSparseMap(blocks: Uint8Array, realSize: number, stored: number): SparseMap {
  const all = Buffer.from(blocks.buffer, blocks.byteOffset, blocks.length);
  const reader = new MapInContent(realSize, stored);
  for (let at = 0; at < all.length && reader.map === undefined; at += BLOCK) {
    reader.push(all.subarray(at, at + BLOCK));
    if (reader.map !== undefined && at + BLOCK === all.length) return reader.map;
  }
  throw new MalformedHeader('its sparse map does not end where its data begins');
}

/** Format 1.0: decimal numbers, a line each, the first their count, padded to a block; counted in the size. */
class MapInContent implements SparseMapReader {
  readonly outside = false;
  map: SparseMap | undefined;
  readonly #realSize: number;
  #left: number;
  #line = '';
  #expected = -1;
  readonly #numbers: number[] = [];

  constructor(realSize: number, stored: number) {
    this.#realSize = realSize;
    this.#left = stored;
  }

  push(block: Buffer): void {
    this.#left -= BLOCK;
    const lines = (this.#line + block.toString('latin1')).split('\n');
    for (const line of lines.slice(0, -1)) {
      if (this.#numbers.length === this.#expected) break;
      if (this.#expected === -1) this.#expected = 2 * decimal(line);
      else this.#numbers.push(decimal(line));
    }
    this.#line = lines.at(-1)!;
    const complete = this.#numbers.length === this.#expected;
    if (complete) this.map = new SparseMap(this.#numbers, this.#realSize, this.#left);
    else if (this.#line.length > 16 || this.#expected > 2 * MAX_PARTS)
      throw new MalformedHeader('its sparse map is malformed');
  }
}
