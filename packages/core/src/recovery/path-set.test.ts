import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PathSet } from './path-set.ts';

const path = fc.array(fc.constantFrom('a', 'b', 'ab', 'c'), { minLength: 1, maxLength: 4 });

test('holds what a Set of all paths and their parents holds, in any order', () => {
  fc.assert(
    fc.property(fc.array(path), (paths) => {
      const found = new PathSet();
      const expected = new Set<string>();
      for (const parts of paths) {
        found.addWithParents(parts.join('/'));
        for (let n = 1; n <= parts.length; n++) expected.add(parts.slice(0, n).join('/'));
      }
      expect(found.size).toBe(expected.size);
      for (const parts of paths) expect(found.has(parts.join('/'))).toBe(true);
      expect([found.add('d'), found.add('d')]).toEqual([true, false]);
    }),
  );
});

test('takes no heap for each path', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  const before = process.memoryUsage().heapUsed;
  const set = new PathSet();
  for (let n = 0; n < 300_000; n++)
    set.addWithParents(
      `data/storage/${String((n / 1000) | 0).padStart(5, '0')}/chart-${String(n).padStart(9, '0')}.svg`,
    );
  collect();
  expect((process.memoryUsage().heapUsed - before) / set.size).toBeLessThan(8);
});
