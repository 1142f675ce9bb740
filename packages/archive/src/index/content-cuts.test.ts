import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findCuts, LEAST_SLICE_BYTES } from './content-cuts.ts';
import { SLICE_BYTES } from './sizes.ts';

/** Bytes without order, always the same. */
function noise(length: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(length);
  let state = seed;
  for (let n = 0; n + 4 <= length; n += 4) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes.writeInt32LE(state, n);
  }
  return bytes;
}

function lines(length: number, seed: number): Buffer {
  const numbers = noise(length >> 2, seed);
  let text = '';
  for (let n = 0; text.length < length; n += 8)
    text += `2026-11-29T10:00:00Z INFO request ${numbers.readUInt32LE(n)} took ${numbers[n + 4]} ms, status 200\n`;
  return Buffer.from(text.slice(0, length));
}

const cutsIn = (content: Buffer, from = 0): number[] =>
  findCuts((target, position) => void content.copy(target, 0, position), {
    from,
    size: content.length,
    most: Infinity,
  });

const NOISE = noise(24 << 20, 1);
const LINES = lines(24 << 20, 2);

test.each([
  ['noise', NOISE],
  ['lines', LINES],
])('slices of %s are neither too short nor too long, and few are cut by length', (_, content) => {
  const ends = cutsIn(content);
  const lengths = ends.map((end, n) => end - (ends[n - 1] ?? 0));
  for (const length of lengths) {
    expect(length).toBeGreaterThanOrEqual(LEAST_SLICE_BYTES);
    expect(length).toBeLessThanOrEqual(SLICE_BYTES);
  }
  expect(lengths.filter((length) => length === SLICE_BYTES).length).toBeLessThan(lengths.length / 3);
  expect(content.length - ends.at(-1)!).toBeLessThan(SLICE_BYTES);
});

test('what has no order at all, and what is all the same, is cut somewhere', () => {
  expect(cutsIn(Buffer.alloc(5 << 20)).length).toBeGreaterThanOrEqual(2);
  expect(cutsIn(Buffer.alloc(LEAST_SLICE_BYTES - 1, 'x'))).toEqual([]);
});

test('a cut depends on nothing after it: a file that grows or is cut short keeps its cuts', () => {
  const ends = cutsIn(LINES);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: LINES.length }), (size) => {
      expect(cutsIn(LINES.subarray(0, size))).toEqual(ends.filter((end) => end <= size));
    }),
    { numRuns: 20 },
  );
});

test('the search goes on from any cut', () => {
  const ends = cutsIn(LINES);
  for (const [n, end] of ends.entries()) expect(cutsIn(LINES, end)).toEqual(ends.slice(n + 1));
  const some = { from: 0, size: LINES.length, most: 3 };
  const read = (target: Buffer, position: number): void => void LINES.copy(target, 0, position);
  expect(findCuts(read, some)).toEqual(ends.slice(0, 3));
});

test('after an insertion or a removal the cuts move with the bytes', () => {
  const ends = cutsIn(LINES);
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 12 << 20 }),
      fc.integer({ min: 1, max: 100 }),
      fc.boolean(),
      (at, count, removed) => {
        const middle = removed ? [] : [noise(count * 4, at + 1)];
        const rest = LINES.subarray(removed ? at + count : at);
        const changed = Buffer.concat([LINES.subarray(0, at), ...middle, rest]);
        const moved = new Set(cutsIn(changed).map((end) => end + LINES.length - changed.length));
        const kept = ends.filter((end) => moved.has(end)).length;
        expect(ends.length - kept - ends.filter((end) => end <= at).length).toBeLessThanOrEqual(4);
      },
    ),
    { numRuns: 25 },
  );
});
