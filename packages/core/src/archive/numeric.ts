/** Is this text little but numbers (paths of a drawing, tables)? */

/** Digits and what stands between numbers. */
const NUMERIC = Uint8Array.from({ length: 256 }, (_, byte) =>
  '0123456789.,-+ \n\t'.includes(String.fromCharCode(byte)) ? 1 : 0,
);
const SAMPLES = 16;
const SAMPLE_BYTES = 64;
const MOSTLY = 0.85;

export function isMostlyNumbers(text: Buffer): boolean {
  const stride = Math.floor((text.length - SAMPLE_BYTES) / SAMPLES);
  if (stride < SAMPLE_BYTES) return false;
  let numeric = 0;
  for (let sample = 0; sample < SAMPLES; sample++) {
    const start = sample * stride;
    for (let at = start; at < start + SAMPLE_BYTES; at++) numeric += NUMERIC[text[at]!]!;
  }
  return numeric > SAMPLES * SAMPLE_BYTES * MOSTLY;
}
