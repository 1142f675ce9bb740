/** Bytes for compressors from one number: noise, words, runs, repetitions near and far, and mutations of all that. */

export type Random = (below: number) => number;

/** xorshift32 after a scramble of the seed: neighbouring seeds have nothing in common. */
export function randomOf(seed: number): Random {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

export const pick = <T>(random: Random, from: readonly T[]): T => from[random(from.length)]!;

const WORDS = [
  'error ',
  'GET /index ',
  '2026-',
  '17',
  '\n',
  'null,',
  '"name":"',
  '</g><path d="M',
  '\0\0\0\0',
];

const PIECES: ((random: Random, before: Buffer) => Buffer)[] = [
  (random) => noise(random, random(3000), 256),
  (random) => noise(random, random(20_000), pick(random, [2, 4, 17, 64, 255])),
  (random) => Buffer.alloc(random(70_000), random(256)),
  (random) => Buffer.alloc(random(30_000), noise(random, 1 + random(40), 256)),
  (random) => Buffer.from(Array.from({ length: random(1500) }, () => pick(random, WORDS)).join('')),
  (random) => Buffer.from(Array.from({ length: random(2000) }, (_, n) => `${n * 7919},`).join('')),
  // a match from far away, and one that is nearly the same
  (random, before) => Buffer.from(before.subarray(random(before.length + 1)).subarray(0, random(40_000))),
  (random, before) => mutated(random, before.subarray(random(before.length + 1)).subarray(0, random(9000))),
];

export function bytesOf(random: Random): Buffer {
  let bytes: Buffer = Buffer.alloc(0);
  for (let pieces = random(9); pieces > 0; pieces--)
    bytes = Buffer.concat([bytes, pick(random, PIECES)(random, bytes)]);
  return bytes;
}

export function noise(random: Random, length: number, values: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = random(values);
  return bytes;
}

/** One to four bytes turned, cut off, put in, taken out, or repeated. */
export function mutated(random: Random, original: Buffer): Buffer {
  let bytes: Buffer = Buffer.from(original);
  for (let steps = 1 + random(4); steps > 0; steps--) {
    const at = random(bytes.length + 1);
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
    bytes = Buffer.concat(
      pick(random, [
        [head, tail.subarray(0, 1).map((byte) => byte ^ (1 << random(8))), tail.subarray(1)],
        [head, noise(random, 1, 256), tail.subarray(1)],
        [head, noise(random, 1 + random(3), 256), tail],
        [head, tail.subarray(1 + random(3))],
        [head, tail.subarray(0, random(50)), tail],
        [head],
      ]),
    );
  }
  return bytes;
}
