/**
 * Deflates the header blocks between two stored files. Calling zlib for each costs more than compressing them: its state
 * alone takes longer to set up than these few zeros and digits take to encode. One block of fixed codes (RFC 1951, 3.2.6);
 * matches are looked for where headers repeat: in the byte before, and one or two blocks before.
 */
const BLOCK = 512;
const LEAST_MATCH = 3;
const MOST_MATCH = 258;

/** Base length and extra bits of the length codes from 257 on, and of the distance codes. */
const LENGTHS = table(28, (code) => (code < 8 ? 0 : (code >> 2) - 1), 3);
const DISTANCES = table(30, (code) => (code < 4 ? 0 : (code >> 1) - 1), 1);

interface Symbol {
  /** Huffman code, already in the order its bits are written, and its length */
  code: number;
  bits: number;
}
const LITERALS = Array.from({ length: 288 }, (_, symbol) => fixedCode(symbol));

/** The headers of one file after the padding of another; longer runs hold content, which zlib compresses better. */
export const LONGEST_HEADER_RUN = 4 * BLOCK;

/** Writes the run as blocks that end on a byte boundary, none of them the last; answers where they end. */
export function writeHeaderRun(target: Buffer, at: number, run: Buffer): number {
  const out = new BitWriter(target, at);
  out.write(0b010, 3); // not the last block, fixed codes
  for (let from = 0; from < run.length;) {
    const { distance, length } = bestMatch(run, from);
    if (length < LEAST_MATCH) out.symbol(LITERALS[run[from++]!]!);
    else {
      writeMatch(out, length, distance);
      from += length;
    }
  }
  out.symbol(LITERALS[256]!);
  out.write(0, 3); // an empty stored block, as zlib's sync flush
  return out.align(Buffer.from([0, 0, 0xff, 0xff]));
}

function bestMatch(run: Buffer, from: number): { distance: number; length: number } {
  let best = { distance: 0, length: 0 };
  for (const distance of [1, BLOCK, 2 * BLOCK]) {
    if (distance > from) break;
    const most = Math.min(MOST_MATCH, run.length - from);
    let length = 0;
    while (length < most && run[from + length] === run[from + length - distance]) length++;
    if (length > best.length + (distance === 1 ? 0 : 1)) best = { distance, length };
    if (best.length === most) break;
  }
  return best;
}

function writeMatch(out: BitWriter, length: number, distance: number): void {
  const lengthCode = length === MOST_MATCH ? 28 : codeFor(LENGTHS, length);
  out.symbol(LITERALS[257 + lengthCode]!);
  if (length < MOST_MATCH) out.write(length - LENGTHS[lengthCode]!.base, LENGTHS[lengthCode]!.extra);
  const distanceCode = codeFor(DISTANCES, distance);
  out.write(reversed(distanceCode, 5), 5);
  out.write(distance - DISTANCES[distanceCode]!.base, DISTANCES[distanceCode]!.extra);
}

interface Range {
  base: number;
  extra: number;
}

function table(codes: number, extraOf: (code: number) => number, first: number): Range[] {
  let base = first;
  return Array.from({ length: codes }, (_, code) => {
    const range = { base, extra: extraOf(code) };
    base += 1 << range.extra;
    return range;
  });
}

function codeFor(ranges: Range[], value: number): number {
  let code = ranges.length - 1;
  while (ranges[code]!.base > value) code--;
  return code;
}

function fixedCode(symbol: number): Symbol {
  if (symbol < 144) return { code: reversed(0x30 + symbol, 8), bits: 8 };
  if (symbol < 256) return { code: reversed(0x190 + symbol - 144, 9), bits: 9 };
  if (symbol < 280) return { code: reversed(symbol - 256, 7), bits: 7 };
  return { code: reversed(0xc0 + symbol - 280, 8), bits: 8 };
}

/** Huffman codes are written most significant bit first, everything else least significant first. */
function reversed(code: number, bits: number): number {
  let result = 0;
  for (let bit = 0; bit < bits; bit++) result |= ((code >> bit) & 1) << (bits - 1 - bit);
  return result;
}

class BitWriter {
  #target: Buffer;
  #at: number;
  #held = 0;
  #bits = 0;

  constructor(target: Buffer, at: number) {
    this.#target = target;
    this.#at = at;
  }

  symbol({ code, bits }: Symbol): void {
    this.write(code, bits);
  }

  /** At most 16 bits, the least significant first. */
  write(value: number, bits: number): void {
    this.#held |= value << this.#bits;
    this.#bits += bits;
    for (; this.#bits >= 8; this.#bits -= 8) {
      this.#target[this.#at++] = this.#held & 0xff;
      this.#held >>>= 8;
    }
  }

  /** Fills up the last byte with zeros, then appends whole bytes. */
  align(bytes: Buffer): number {
    if (this.#bits > 0) this.#target[this.#at++] = this.#held & 0xff;
    return this.#at + bytes.copy(this.#target, this.#at);
  }
}
