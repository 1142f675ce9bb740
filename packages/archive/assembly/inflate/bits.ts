/** The input, a bit at a time: least significant first (RFC 1951, 3.1.1). */
export let from: usize = 0;
export let held: u64 = 0;
export let heldBits: u32 = 0;

export function startAt(address: usize): void {
  setBits(address, 0, 0);
}

/** For loops that keep the three in locals. */
export function setBits(address: usize, bits: u64, count: u32): void {
  from = address;
  held = bits;
  heldBits = count;
}

/** At least 56 bits are held then. Bytes already held may be read again: they are the same. */
@inline
export function refill(): void {
  held |= load<u64>(from) << heldBits;
  from += (63 - heldBits) >> 3;
  heldBits |= 56;
}

@inline
export function peek(bits: u32): u32 {
  return <u32>held & ((1 << bits) - 1);
}

@inline
export function drop(bits: u32): void {
  held >>= bits;
  heldBits -= bits;
}

export function take(bits: u32): u32 {
  const value = peek(bits);
  drop(bits);
  return value;
}

/** The first byte of which nothing was taken. */
export function nextByte(): usize {
  return from - (heldBits >> 3);
}

/** The first bit of which nothing was taken, counted from this address. */
export function bitsFrom(address: usize): u32 {
  return <u32>(((from - address) << 3) - heldBits);
}
