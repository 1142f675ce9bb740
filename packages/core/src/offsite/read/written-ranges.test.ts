import fc from 'fast-check';
import { expect, test } from 'vitest';
import { WrittenRanges } from './written-ranges.ts';

const LENGTH = 60;
/** A file cut anywhere, its parts in any order. */
const parts = fc
  .uniqueArray(fc.integer({ min: 1, max: LENGTH - 1 }), { maxLength: 20 })
  .map((cuts) => [0, ...cuts.sort((a, b) => a - b), LENGTH])
  .map((ends) => ends.slice(1).map((end, n) => ({ at: ends[n]!, length: end - ends[n]! })))
  .chain((whole) => fc.shuffledSubarray(whole, { minLength: 0, maxLength: whole.length }));

test('it is whole as far as every byte was written', () => {
  fc.assert(
    fc.property(parts, (written) => {
      const ranges = new WrittenRanges();
      const bytes = new Uint8Array(LENGTH + 1);
      for (const { at, length } of written) {
        ranges.add(at, length);
        bytes.fill(1, at, at + length);
        expect(ranges.whole).toBe(bytes.indexOf(0));
      }
    }),
  );
});
