/** Length and distance codes (RFC 1951, 3.2.5), and logarithms; filled in once. */
import {
  DISTANCES,
  FIXED_LENGTHS,
  LENGTH_BASE,
  LENGTH_CODE,
  LENGTH_EXTRA,
  LITERALS,
  LOGARITHMS,
} from './layout';

export function fillTables(): void {
  fillLengthCodes();
  fillFixedLengths();
  fillLogarithms();
}

function fillLengthCodes(): void {
  let base: u32 = 0;
  for (let code: u32 = 0; code < 28; code++) {
    const extra: u32 = code < 8 ? 0 : (code >> 2) - 1;
    store<u8>(LENGTH_BASE + code, <u8>base);
    store<u8>(LENGTH_EXTRA + code, <u8>extra);
    memory.fill(LENGTH_CODE + base, <u8>code, 1 << extra);
    base += 1 << extra;
  }
  store<u8>(LENGTH_BASE + 28, 255);
  store<u8>(LENGTH_CODE + 255, 28);
}

function fillFixedLengths(): void {
  memory.fill(FIXED_LENGTHS, 8, LITERALS);
  memory.fill(FIXED_LENGTHS + 144, 9, 112);
  memory.fill(FIXED_LENGTHS + 256, 7, 24);
  memory.fill(FIXED_LENGTHS + LITERALS, 5, DISTANCES);
}

/** Bit by bit: squaring a number doubles its logarithm. */
function fillLogarithms(): void {
  for (let n: u32 = 0; n <= 256; n++) {
    let value = 1 + <f64>n / 256;
    let logarithm: u32 = 0;
    for (let bit: u32 = 1 << 16; bit > 0; bit >>= 1) {
      if (value >= 2) {
        value /= 2;
        logarithm += bit;
      }
      value *= value;
    }
    store<u32>(LOGARITHMS + (n << 2), logarithm);
  }
}

/** log2 of a positive number, in 1/65536. */
export function logarithm(value: u32): u32 {
  const whole: u32 = 31 - clz(value);
  const fraction = whole > 8 ? value >> (whole - 8) : value << (8 - whole);
  return (whole << 16) + load<u32>(LOGARITHMS + ((fraction & 255) << 2));
}

/** The code of distance - 1. */
@inline
export function distanceCode(less: u32): u32 {
  if (less < 4) return less;
  const top = 31 - clz(less);
  return (top << 1) | ((less >> (top - 1)) & 1);
}

/** How many bits of distance - 1 follow its code. */
@inline
export function distanceExtra(code: u32): u32 {
  return code < 4 ? 0 : (code >> 1) - 1;
}
