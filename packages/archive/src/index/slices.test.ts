import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FRAME_BYTES } from './sizes.ts';
import { SLICE_BYTES } from './sizes.ts';
import { cutSlices, type SliceSpan } from './slices.ts';

/** Sizes at the borders that matter, and any between. */
const size = fc
  .record({
    slices: fc.nat(5),
    frames: fc.nat(9),
    blocks: fc.constantFrom(0, 0, 1, 511),
    bytes: fc.constantFrom(0, 0, 1, 511, 512),
  })
  .map(
    ({ slices, frames, blocks, bytes }) => slices * SLICE_BYTES + frames * FRAME_BYTES + blocks * 512 + bytes,
  );
/** What a damaged index may say: nothing here can be relied on. */
const multiple = fc.integer({ min: -20, max: 60 }).map((n) => n * FRAME_BYTES);
const anything = fc.array(fc.record({ position: multiple, length: fc.oneof(multiple, fc.double()) }));

function expectCut(slices: SliceSpan[], size: number): void {
  let position = 0;
  for (const slice of slices) {
    expect(slice.position).toBe(position);
    expect(slice.length).toBeGreaterThan(0);
    expect(slice.length).toBeLessThanOrEqual(SLICE_BYTES);
    position += slice.length;
    if (position < size) expect(slice.length % FRAME_BYTES).toBe(0);
  }
  expect(position).toBe(size);
  expect(slices.length).toBeLessThanOrEqual(Math.ceil(size / FRAME_BYTES));
  const last = slices.at(-1)?.length ?? 0;
  expect(last < FRAME_BYTES || last % FRAME_BYTES === 0).toBe(true);
}

test('slices cover the file, whatever it was before', () => {
  fc.assert(
    fc.property(size, fc.array(size, { maxLength: 20 }), (size, earlier) => {
      let slices: SliceSpan[] = [];
      for (const one of [...earlier, size]) slices = [...cutSlices(one, slices)];
      expectCut(slices, size);
    }),
  );
  fc.assert(
    fc.property(size, anything, (size, before) => {
      expectCut([...cutSlices(size, before)], size);
    }),
  );
});

test('a file that grows keeps every slice but the rest, and has at most a rest compressed again', () => {
  fc.assert(
    fc.property(fc.array(size, { minLength: 2, maxLength: 20 }), (sizes) => {
      sizes.sort((a, b) => a - b);
      let before = [...cutSlices(sizes[0]!)];
      for (const size of sizes.slice(1)) {
        const after = [...cutSlices(size, before)];
        const whole = before.filter(({ length }) => length % FRAME_BYTES === 0);
        expect(before.length - whole.length).toBeLessThanOrEqual(1);
        expect(after.slice(0, whole.length)).toEqual(whole);
        before = after;
      }
    }),
  );
});

test('a file that is cut short keeps the slices that are left whole', () => {
  fc.assert(
    fc.property(size, size, (one, other) => {
      const [shorter, longer] = [Math.min(one, other), Math.max(one, other)];
      const before = [...cutSlices(longer)];
      const whole = before.filter(({ position, length }) => position + length <= shorter);
      const kept = whole.filter(({ length }) => length % FRAME_BYTES === 0);
      expect([...cutSlices(shorter, before)].slice(0, kept.length)).toEqual(kept);
    }),
  );
});

test('a plain cut', () => {
  const lengths = (size: number): number[] => Array.from(cutSlices(size), ({ length }) => length);
  expect(lengths(0)).toEqual([]);
  expect(lengths(SLICE_BYTES + 1)).toEqual([SLICE_BYTES, 1]);
  expect(lengths(2 * SLICE_BYTES)).toEqual([SLICE_BYTES, SLICE_BYTES]);
  expect(lengths(2 * SLICE_BYTES + 3 * FRAME_BYTES + 7)).toEqual([
    SLICE_BYTES,
    SLICE_BYTES,
    3 * FRAME_BYTES,
    7,
  ]);
});
