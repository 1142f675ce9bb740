/**
 * Sparse files as `tar --sparse` stores them: GNU's old format (type S) and the pax formats 0.0, 0.1 and 1.0
 * ("Storing Sparse Files" in GNU tar's manual). Only the parts with data are in the stream.
 */
import { type PaxRecords, paxNumber } from './pax.ts';
import { BLOCK, MalformedHeader, numericField, SIZE_RANGE, type TarHeader } from './header.ts';

const MAX_PARTS = 1 << 20;

export class SparseMap {
  /** start of each part in the file, and its length */
  readonly #parts: readonly (readonly [number, number])[];
  #index = 0;
  /** where the current part begins in the stored content */
  #storedAt = 0;

  /** Throws MalformedHeader unless the parts ascend, fit in `realSize` and hold `stored` bytes. */
  constructor(numbers: number[], realSize: number, stored: number) {
    if (numbers.length % 2 !== 0 || numbers.length > 2 * MAX_PARTS)
      throw new MalformedHeader('its sparse map is malformed');
    const parts: [number, number][] = [];
    let end = 0;
    let sum = 0;
    for (let at = 0; at < numbers.length; at += 2) {
      const [offset, length] = [numbers[at]!, numbers[at + 1]!];
      if (offset < end) throw new MalformedHeader('its sparse map overlaps');
      end = offset + length;
      sum += length;
      if (length > 0) parts.push([offset, length]);
    }
    if (end > realSize || sum !== stored) throw new MalformedHeader('its sparse map does not fit its size');
    this.#parts = parts;
  }

  /**
   * Hands on stored bytes with their places in the file. `storedOffset` is where they begin in the stored content;
   * calls must be in order.
   */
  place(bytes: Buffer, storedOffset: number, emit: (part: Buffer, offset: number) => void): void {
    for (let at = 0; at < bytes.length;) {
      const [offset, length] = this.#parts[this.#index]!;
      const within = storedOffset + at - this.#storedAt;
      const taken = Math.min(length - within, bytes.length - at);
      emit(bytes.subarray(at, at + taken), offset + within);
      at += taken;
      if (within + taken < length) continue;
      this.#storedAt += length;
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
