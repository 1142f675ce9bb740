import fc from 'fast-check';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { type Kind, KINDS } from './kinds.ts';
import { SortedPaths } from './sorted-paths.ts';

/** In the order of a walk: a directory's names one after the other, whatever lies below them. */
function byComponents(a: string, b: string): number {
  const [one, other] = [a.split('/'), b.split('/')];
  const at = one.findIndex((name, n) => name !== other[n]);
  if (at === -1) return one.length - other.length;
  return other[at] !== undefined && one[at]! < other[at] ? -1 : 1;
}

const name = fc.oneof(
  fc.constantFrom('a', 'a.b', 'a-', 'a!', 'aa', 'b', 'B', '\xff', 'z'.repeat(255)),
  fc.stringMatching(/^[ -.0-~]{1,3}$/),
);
const path = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => names.join('/'));

test('every path is found with its kind, and no other, however many blocks there are', () => {
  const paths = fc.uniqueArray(path, { minLength: 1, maxLength: 3000, size: 'max' });
  fc.assert(
    fc.property(paths, fc.array(path), fc.infiniteStream(fc.constantFrom(...KINDS)), (all, others, kinds) => {
      const sorted = new SortedPaths();
      const map = new Map<string, Kind>();
      for (const one of all.toSorted(byComponents)) {
        const kind = kinds.next().value!;
        expect(sorted.follows(one)).toBe(true);
        sorted.append(one, kind);
        map.set(one, kind);
        expect(sorted.follows(one)).toBe(false);
      }
      for (const asked of [
        ...all,
        ...others,
        ...all.map((one) => `${one}0`),
        ...all.map((one) => `${one}/a`),
      ])
        expect(sorted.get(asked)).toBe(map.get(asked));
    }),
    { numRuns: 20 },
  );
});

test('a hundred thousand names take less than a megabyte and a half', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const before = process.memoryUsage();
  const sorted = new SortedPaths();
  for (let n = 0; n < 100_000; n++)
    sorted.append(`data/d${String(Math.floor(n / 1000)).padStart(4, '0')}/${nameOf(n)}`, 'file');
  collect();
  const after = process.memoryUsage();
  expect(after.arrayBuffers - before.arrayBuffers + (after.heapUsed - before.heapUsed)).toBeLessThan(1.5e6);
  expect(sorted.get(`data/d0042/${nameOf(42_007)}`)).toBe('file');
});

/** Ascending, with three digits that are the same in no other. */
const nameOf = (n: number): string =>
  `${String(n % 1000).padStart(3, '0')}${(((n * 2654435761) % 2 ** 32) >>> 0).toString(16).padStart(8, '0')}.json`;
