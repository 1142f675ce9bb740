/** Growing byte columns, for the index file and for names in memory: LEB128 varints, zigzag for signed numbers, plain bytes. */

export class ColumnWriter {
  #bytes = Buffer.allocUnsafe(1024);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** A whole number in 0 .. 2^53-1. */
  varint(value: number): void {
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** A whole number within ±2^52. */
  signed(value: number): void {
    this.varint(value < 0 ? -value * 2 - 1 : value * 2);
  }

  uint32(value: number): void {
    this.#reserve(4);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  latin1(text: string): void {
    this.#reserve(text.length);
    this.#length += this.#bytes.write(text, this.#length, 'latin1');
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** A view that the next write may invalidate. */
  view(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + more));
    this.#bytes.copy(grown, 0, 0, this.#length);
    this.#bytes = grown;
  }
}

/** Reads what a ColumnWriter wrote. Input is untrusted: every read past the end or out of range throws RangeError. */
export class ColumnReader {
  #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    const value = this.#bytes[this.#at++];
    if (value === undefined) throw new RangeError('a column ends early');
    return value;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; scale < Number.MAX_SAFE_INTEGER; scale *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return safe(value);
    }
    throw new RangeError('a number is too long');
  }

  signed(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  uint32(): number {
    this.#at += 4;
    return this.#bytes.readUInt32LE(this.#at - 4);
  }

  latin1(length: number): string {
    return this.raw(length).toString('latin1');
  }

  /** A view into the input. */
  raw(length: number): Buffer {
    if (length > this.remaining) throw new RangeError('a column ends early');
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  }

  /** The next column, which a writer's `column()` framed with its length. */
  column(): ColumnReader {
    return new ColumnReader(this.raw(this.varint()));
  }
}

/**
 * Writes columns one after the other to `joined`: the number of each, its length, its bytes. An empty column is left
 * out.
 */
export function joinColumns(columns: Iterable<readonly [number, ColumnWriter]>, joined: ColumnWriter): void {
  joined.clear();
  for (const [number, column] of columns) {
    if (column.length === 0) continue;
    joined.varint(number);
    joined.varint(column.length);
    joined.raw(column.view());
  }
}

/** The columns by their numbers. A number that this program does not know is kept, and of no consequence. */
export class NumberedColumns {
  readonly #columns = new Map<number, ColumnReader>();

  constructor(all: ColumnReader) {
    while (all.remaining > 0) {
      const number = all.varint();
      if (this.#columns.has(number)) throw new RangeError(`column ${number} comes twice`);
      this.#columns.set(number, all.column());
    }
  }

  /** One that was left out is empty. */
  get(number: number): ColumnReader {
    return this.#columns.get(number) ?? new ColumnReader(Buffer.alloc(0));
  }
}

function safe(value: number): number {
  if (!Number.isSafeInteger(value)) throw new RangeError('a number is out of range');
  return value;
}
