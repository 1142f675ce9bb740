/**
 * Finds the ends of zstd frames (RFC 8878, 3.1) without decompressing them. Node's decoder stops after the first of
 * several frames, and rebuilding an index needs the place of each.
 */
import { damaged } from '../refusals.ts';

const MAGIC = 0xfd2f_b528;
const SKIPPABLE = 0x184d_2a50;
const SKIPPABLE_MASK = 0xffff_fff0;
/** magic, descriptor, window, dictionary, content size */
const LONGEST_HEADER = 4 + 1 + 1 + 4 + 8;
const BLOCK_HEADER = 3;
const CHECKSUM = 4;

/** A piece of the stream that does not cross the end of a frame. */
export interface ZstdPiece {
  bytes: Buffer;
  endsFrame: boolean;
}

const broken = (why: string): Error => damaged('The archive is damaged: not a valid zstd stream.', why);

export class ZstdFrameScanner {
  /** header bytes seen so far */
  #header = Buffer.alloc(0);
  #state: 'frame' | 'block' | 'skip' | 'padding' = 'frame';
  #frames = 0;
  /** bytes to pass before the next state */
  #skip = 0;
  #then: 'block' | 'end' = 'end';
  #checksum = 0;

  /** True when every frame that began has ended. */
  get complete(): boolean {
    return (this.#state === 'frame' && this.#header.length === 0) || this.#state === 'padding';
  }

  *push(chunk: Buffer): Generator<ZstdPiece> {
    for (let from = 0; from < chunk.length;) {
      if (this.complete && this.#frames > 0 && chunk[from] === 0) this.#state = 'padding';
      if (this.#state === 'padding') return refuseNonZero(chunk, from);
      const end = this.#toFrameEnd(chunk, from);
      const endsFrame = this.complete;
      if (endsFrame) this.#frames++;
      yield { bytes: chunk.subarray(from, end), endsFrame };
      from = end;
    }
  }

  /** Position after the current frame's last byte, or the chunk's end. */
  #toFrameEnd(chunk: Buffer, from: number): number {
    let at = from;
    while (at < chunk.length) {
      at = this.#state === 'skip' ? this.#pass(chunk, at) : this.#gather(chunk, at);
      if (this.complete) return at;
    }
    return at;
  }

  #pass(chunk: Buffer, at: number): number {
    const taken = Math.min(this.#skip, chunk.length - at);
    this.#skip -= taken;
    if (this.#skip === 0) this.#state = this.#then === 'end' ? 'frame' : 'block';
    return at + taken;
  }

  /** Takes single bytes until the header is known; headers are short. */
  #gather(chunk: Buffer, at: number): number {
    this.#header = Buffer.concat([this.#header, chunk.subarray(at, at + 1)]);
    const length = this.#state === 'frame' ? frameHeaderLength(this.#header) : BLOCK_HEADER;
    if (this.#header.length === length) {
      if (this.#state === 'frame') this.#frameHeader();
      else this.#blockHeader();
      this.#header = Buffer.alloc(0);
    } else if (this.#header.length > LONGEST_HEADER) throw broken('A frame header is too long.');
    return at + 1;
  }

  #frameHeader(): void {
    if (this.#header.readUInt32LE(0) !== MAGIC) return this.#expect(this.#header.readUInt32LE(4), 'end');
    this.#checksum = this.#header[4]! & 0x04 ? CHECKSUM : 0;
    this.#state = 'block';
  }

  #blockHeader(): void {
    const header = this.#header.readUIntLE(0, BLOCK_HEADER);
    const type = (header >> 1) & 3;
    if (type === 3) throw broken('A block has the reserved type.');
    const size = type === 1 ? 1 : header >> 3;
    const last = (header & 1) === 1;
    this.#expect(size + (last ? this.#checksum : 0), last ? 'end' : 'block');
  }

  #expect(bytes: number, then: 'block' | 'end'): void {
    this.#skip = bytes;
    this.#then = then;
    this.#state = bytes > 0 ? 'skip' : then === 'end' ? 'frame' : 'block';
  }
}

/** Zeros may fill up the last record of a tar that wrote into a pipe. */
function refuseNonZero(chunk: Buffer, from: number): void {
  if (chunk.subarray(from).some((byte) => byte !== 0))
    throw broken('There is something else after its frames.');
}

/** Length of the frame header at the start of `bytes`. When `bytes` is too short to tell, one more than its length. */
function frameHeaderLength(bytes: Buffer): number {
  if (bytes.length < 4) return bytes.length + 1;
  const magic = bytes.readUInt32LE(0);
  if ((magic & SKIPPABLE_MASK) >>> 0 === SKIPPABLE) return 8;
  if (magic !== MAGIC) throw broken('There is something else between or after its frames.');
  if (bytes.length < 5) return 5;
  const descriptor = bytes[4]!;
  const single = (descriptor & 0x20) !== 0;
  const contentSize = [single ? 1 : 0, 2, 4, 8][descriptor >> 6]!;
  return 5 + (single ? 0 : 1) + [0, 1, 2, 4][descriptor & 3]! + contentSize;
}
