/** Times of files, in nanoseconds since 1970: what archive, index and restore can hold of them. */

const NS = 1_000_000_000n;
/**
 * 139,000 years either way. Some file systems keep longer times; but a Date must hold it, so that it can be shown, and the
 * index keeps differences of two.
 */
const MOST_SECONDS = 2 ** 42;
const MOST_NS = BigInt(MOST_SECONDS) * NS;
/** utimes(2) through a double is exact to less than a microsecond today; later to the distance of two doubles. */
const TOLERANCE = 1000n;
const DOUBLE_BITS = 52;
/** Every file system keeps these: 1901 to 2038. */
const EARLIEST_KEPT = -(2n ** 31n) * NS;
const LATEST_KEPT = (2n ** 31n - 1n) * NS;

/** Of a file's time, for a Date. */
export const milliseconds = (ns: bigint): number => Number(ns / 1_000_000n);

export const isHeld = (ns: bigint): boolean => ns >= -MOST_NS && ns <= MOST_NS;

/** The nearest that can be held. */
export const heldTime = (ns: bigint): bigint => (isHeld(ns) ? ns : ns < 0n ? -MOST_NS : MOST_NS);

/** Whether the time is a limit: it may have been a later or earlier time before heldTime. */
export const isLimit = (ns: bigint): boolean => ns === MOST_NS || ns === -MOST_NS;

export const isKeptEverywhere = (ns: bigint): boolean => ns >= EARLIEST_KEPT && ns <= LATEST_KEPT;

/** Whether a file set to the one time has the other. */
export function isSameTime(a: bigint, b: bigint): boolean {
  const apart = a < b ? b - a : a - b;
  return apart < TOLERANCE || apart < distanceOfDoubles(a);
}

function distanceOfDoubles(ns: bigint): bigint {
  const seconds = Math.abs(Number(ns / NS));
  return BigInt(Math.ceil(2 ** (Math.floor(Math.log2(Math.max(seconds, 1))) - DOUBLE_BITS) * Number(NS)));
}

/**
 * Seconds for utimes. A negative time is text, because Node takes a negative number for "now". A double is exact to
 * about 240 ns at today's times, so the last digits of a nanosecond time are lost. Whole microseconds survive
 * rounding.
 */
export function utimeOf(ns: bigint): number | string {
  if (ns >= 0n) return Number(ns / NS) + Number(ns % NS) / 1e9;
  const digits = (-ns).toString().padStart(10, '0');
  return `-${digits.slice(0, -9)}.${digits.slice(-9)}`;
}
