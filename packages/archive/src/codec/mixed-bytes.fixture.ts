/** Content for tests of compressors: pieces that repeat near and far, exactly and nearly, with noise between. */
import fc from 'fast-check';

/** A generator of numbers that seem random and are the same every time. */
export function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export function noisy(length: number, values = 256, seed = 1): Buffer {
  const next = noise(seed);
  return Buffer.from(Array.from({ length }, () => Math.floor(next() * values)));
}

/** Every kind of match and literal. */
const piece = fc.oneof(
  fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes)),
  fc.record({ byte: fc.nat(255), count: fc.nat(2000) }).map(({ byte, count }) => Buffer.alloc(count, byte)),
  fc
    .record({ bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }), count: fc.nat(9000) })
    .map(({ bytes, count }) => Buffer.alloc(count, bytes)),
  fc
    .record({ seed: fc.nat(9), length: fc.nat(40_000), values: fc.constantFrom(2, 10, 40, 256) })
    .map(({ seed, length, values }) => noisy(length, values, seed)),
  fc
    .array(fc.constantFrom('error ', 'GET /index ', '2026-', '17', '\n', 'null,'), { maxLength: 900 })
    .map((words) => Buffer.from(words.join(''))),
);

export const mixedBytes = fc.array(piece, { maxLength: 8 }).map((pieces) => Buffer.concat(pieces));
