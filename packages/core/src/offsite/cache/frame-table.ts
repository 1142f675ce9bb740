/** The stored frames of one archive, in order: length and SHA-256 of each. What is copied already is found by these. */
import { hash } from 'node:crypto';

const MAGIC = Buffer.from('gofr-frames-1\n');
const LENGTH = 4;
const SHA256 = 32;
const ROW = LENGTH + SHA256;

export class FrameTable {
  #rows = Buffer.alloc(ROW * 256);
  #starts = new Float64Array(257);
  count = 0;
  #slots: Uint32Array | undefined;

  /** Where the next frame begins in the archive. */
  get end(): number {
    return this.#starts[this.count]!;
  }

  add(length: number, sha256: Uint8Array): void {
    if ((this.count + 1) * ROW > this.#rows.length) this.#grow();
    const at = this.count * ROW;
    this.#rows.writeUInt32LE(length, at);
    this.#rows.set(sha256, at + LENGTH);
    this.#starts[this.count + 1] = this.end + length;
    this.count++;
    this.#slots = undefined;
  }

  #grow(): void {
    const rows = Buffer.alloc(this.#rows.length * 2);
    rows.set(this.#rows);
    this.#rows = rows;
    const starts = new Float64Array(this.#rows.length / ROW + 1);
    starts.set(this.#starts);
    this.#starts = starts;
  }

  frame(number: number): { offset: number; length: number; sha256: Buffer } {
    const at = number * ROW;
    return {
      offset: this.#starts[number]!,
      length: this.#rows.readUInt32LE(at),
      sha256: this.#rows.subarray(at + LENGTH, at + ROW),
    };
  }

  /** Number of a frame with these very bytes. */
  find(sha256: Buffer, length: number): number | undefined {
    const slots = (this.#slots ??= this.#index());
    const mask = slots.length - 1;
    for (let slot = sha256.readUInt32LE(0) & mask; slots[slot]! > 0; slot = (slot + 1) & mask) {
      const number = slots[slot]! - 1;
      const found = this.frame(number);
      if (found.length === length && found.sha256.equals(sha256)) return number;
    }
    return undefined;
  }

  /** Open addressing: half of the slots stay empty. */
  #index(): Uint32Array {
    const slots = new Uint32Array(2 ** Math.ceil(Math.log2(this.count * 2 + 2)));
    const mask = slots.length - 1;
    for (let number = 0; number < this.count; number++) {
      let slot = this.#rows.readUInt32LE(number * ROW + LENGTH) & mask;
      while (slots[slot]! > 0) slot = (slot + 1) & mask;
      slots[slot] = number + 1;
    }
    return slots;
  }

  encode(): Buffer {
    const rows = Buffer.concat([MAGIC, this.#rows.subarray(0, this.count * ROW)]);
    return Buffer.concat([rows, hash('sha256', rows, 'buffer')]);
  }

  /** undefined: it is damaged, or none. */
  static decode(bytes: Buffer): FrameTable | undefined {
    const end = bytes.length - SHA256;
    const rows = bytes.subarray(MAGIC.length, Math.max(end, MAGIC.length));
    const whole =
      end >= MAGIC.length &&
      rows.length % ROW === 0 &&
      bytes.subarray(0, MAGIC.length).equals(MAGIC) &&
      hash('sha256', bytes.subarray(0, end), 'buffer').equals(bytes.subarray(end));
    if (!whole) return undefined;
    const table = new FrameTable();
    for (let at = 0; at < rows.length; at += ROW)
      table.add(rows.readUInt32LE(at), rows.subarray(at + LENGTH, at + ROW));
    return table;
  }
}
