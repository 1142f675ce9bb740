/** What has been written: whole bytes before `out`, and up to 7 bits more. Least significant bit first (RFC 1951, 3.1.1). */
export let out: usize = 0;
export let held: u64 = 0;
export let heldBits: u32 = 0;

export function startAt(address: usize): void {
  out = address;
  held = 0;
  heldBits = 0;
}

/** For loops that keep the three in locals. */
export function setBits(address: usize, bits: u64, count: u32): void {
  out = address;
  held = bits;
  heldBits = count;
}

/** At most 32 bits. */
export function writeBits(bits: u32, count: u32): void {
  held |= (<u64>bits) << heldBits;
  heldBits += count;
  store<u64>(out, held);
  out += heldBits >> 3;
  held >>= heldBits & 0x38;
  heldBits &= 7;
}

/** A code with its length in the top byte. */
export function writeCode(code: u32): void {
  writeBits(code & 0xffffff, code >> 24);
}

/** Zeros up to the next whole byte. */
export function alignBits(): void {
  if (heldBits > 0) writeBits(0, 8 - heldBits);
}
