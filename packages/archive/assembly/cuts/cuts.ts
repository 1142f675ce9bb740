/**
 * Finds where a file may be cut, by what it holds: after a window of 16 bytes whose hash is small. Nothing outside the
 * window counts, so that bytes inserted elsewhere move no cut. Sixteen windows are hashed at a time.
 */

/** The compiler's own data lie below. */
const INPUT: usize = 0x1000;
const INPUT_BYTES: u32 = 64 * 1024;
/** Part of the way files are cut, as the multipliers below: two backups must cut alike. */
const WINDOW: u32 = 16;
/** Window starts that are looked at in one step. */
const STEP: u32 = 16;

/** The bytes to look at go there. */
export function inputAt(): usize {
  return INPUT;
}

export function inputBytes(): u32 {
  return INPUT_BYTES;
}

/**
 * The number of the input's first `length` bytes up to the end of the first window whose hash is less than `limit` (as
 * signed numbers); 0 when there is none.
 */
export function find(length: u32, limit: i32): u32 {
  if (length < WINDOW) return 0;
  const most = i32x4.splat(limit);
  const last = INPUT + length - WINDOW;
  for (let at = INPUT; at <= last; at += STEP) {
    const a = i32x4.lt_s(hashes(at), most);
    const b = i32x4.lt_s(hashes(at + 1), most);
    const c = i32x4.lt_s(hashes(at + 2), most);
    const d = i32x4.lt_s(hashes(at + 3), most);
    if (!v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) continue;
    const start = at + first(i32x4.bitmask(a), i32x4.bitmask(b), i32x4.bitmask(c), i32x4.bitmask(d));
    return start <= last ? <u32>(start + WINDOW - INPUT) : 0;
  }
  return 0;
}

/** Hashes of the windows at `at`, `at` + 4, + 8 and + 12: odd multiples of their words, added up and mixed. */
@inline
function hashes(at: usize): v128 {
  const a = i32x4.dot_i16x8_s(v128.load(at), i16x8(0x5a31, -0x3b6d, 0x5a31, -0x3b6d, 0x5a31, -0x3b6d, 0x5a31, -0x3b6d));
  const b = i32x4.dot_i16x8_s(v128.load(at, 4), i16x8(-0x6f17, 0x2e4b, -0x6f17, 0x2e4b, -0x6f17, 0x2e4b, -0x6f17, 0x2e4b));
  const c = i32x4.dot_i16x8_s(v128.load(at, 8), i16x8(0x79c5, 0x1da7, 0x79c5, 0x1da7, 0x79c5, 0x1da7, 0x79c5, 0x1da7));
  const d = i32x4.dot_i16x8_s(v128.load(at, 12), i16x8(-0x4d89, -0x712f, -0x4d89, -0x712f, -0x4d89, -0x712f, -0x4d89, -0x712f));
  return i32x4.mul(i32x4.add(i32x4.add(a, b), i32x4.add(c, d)), i32x4.splat(0x9e3779b1));
}

/** The least n for which bit n / 4 of the mask number n % 4 is set. */
function first(a: u32, b: u32, c: u32, d: u32): u32 {
  for (let lane: u32 = 0; lane < 4; lane++) {
    if ((a >> lane) & 1) return 4 * lane;
    if ((b >> lane) & 1) return 4 * lane + 1;
    if ((c >> lane) & 1) return 4 * lane + 2;
    if ((d >> lane) & 1) return 4 * lane + 3;
  }
  return STEP;
}
