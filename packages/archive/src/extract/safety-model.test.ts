/** The check against a plain model of its rules, for archives in any order. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { ArchiveEntry, EntryType } from '@gofr-backup/model';
import { SafetyCheck } from './safety.ts';

type Named = Pick<ArchiveEntry, 'path' | 'type' | 'linkTarget'>;

const isDirectory = (kind: string): boolean => kind.endsWith('directory');

/** A Map of everything; answers how many entries it takes before it refuses one. */
function modelTakes(entries: readonly Named[]): number {
  const kinds = new Map<string, string>();
  for (const [n, { path, type, linkTarget }] of entries.entries()) {
    const linked = type === 'hardlink' ? kinds.get(linkTarget!) : undefined;
    if (type === 'hardlink' && !['file', 'hardlink', 'symlink'].includes(linked ?? '')) return n;
    if (type === 'hardlink' && linked !== 'symlink' && linkTarget === path) return n;
    const kind = linked === 'symlink' ? 'symlink' : type;
    const parts = path.split('/');
    for (let depth = 1; depth < parts.length; depth++) {
      const parent = parts.slice(0, depth).join('/');
      const is = kinds.get(parent) ?? 'implied directory';
      if (!isDirectory(is)) return n;
      kinds.set(parent, is);
    }
    const before = kinds.get(path);
    if (before !== undefined && isDirectory(before) !== (kind === 'directory')) return n;
    kinds.set(path, kind);
  }
  return entries.length;
}

function checkTakes(entries: readonly Named[]): number {
  const check = new SafetyCheck();
  const metadata = { size: 0, mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n };
  for (const [n, entry] of entries.entries()) {
    try {
      check.admit({ ...entry, ...metadata });
    } catch {
      return n;
    }
  }
  return entries.length;
}

/** More than a run has to have before another may begin, in two components and many directories. */
const TREE: Named[] = ['web', 'api'].flatMap((component) =>
  Array.from({ length: 5000 }, (_, n): Named => {
    const directory = `data/${component}/${100 + Math.floor(n / 100)}`;
    return n % 100 === 0
      ? { path: directory, type: 'directory' }
      : { path: `${directory}/${1000 + n}`, type: n % 7 === 1 ? 'symlink' : 'file', linkTarget: 'x' };
  }),
);

/** Numbers that follow from the seed. */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return Math.imul(state ^ (state >>> 15), 0x2c1b3c6d);
  };
}

const ORDERS: Record<string, (entries: Named[], random: () => number) => Named[]> = {
  'of a walk': (entries) => entries,
  'of a walk, turned round': (entries) => entries.toReversed(),
  'of readdir': (entries, random) => entries.toSorted(byDirectory(new Map(), random)),
  none: (entries, random) => {
    const keys = new Map(entries.map((entry) => [entry, random()]));
    return entries.toSorted((a, b) => keys.get(a)! - keys.get(b)!);
  },
};

/** Directories in order, each with its names in none. */
function byDirectory(keys: Map<string, number>, random: () => number): (a: Named, b: Named) => number {
  const keyOf = (path: string): number => {
    if (!keys.has(path)) keys.set(path, random());
    return keys.get(path)!;
  };
  const of = ({ path, type }: Named): string =>
    type === 'directory' ? path : path.slice(0, path.lastIndexOf('/'));
  return (a, b) => (of(a) < of(b) ? -1 : of(a) > of(b) ? 1 : keyOf(a.path) - keyOf(b.path));
}

const place = fc.nat(TREE.length - 1).map((n) => TREE[n]!.path);
/** A path of the tree, or one that hardly differs from it. */
const near = fc
  .oneof(
    place,
    fc
      .tuple(place, fc.constantFrom('0', '/', '/a', '/a/b', '-', '.', '\xff'))
      .map(([path, more]) => path + more),
    place.map((path) => path.slice(0, -1)),
    place.map((path) => path.slice(0, path.lastIndexOf('/'))),
  )
  .filter((path) => !path.endsWith('/'));
const late: fc.Arbitrary<Named> = fc.record({
  path: near,
  type: fc.constantFrom<EntryType>('file', 'file', 'directory', 'symlink', 'hardlink'),
  linkTarget: near,
});

test.each(Object.entries(ORDERS))(
  'order %s: what the rules refuse is refused, nothing else',
  (_, inOrder) => {
    const seeds = fc.integer();
    fc.assert(
      fc.property(fc.array(late, { maxLength: 30 }), fc.boolean(), seeds, (last, among, seed) => {
        const ordered = inOrder(TREE, randomOf(seed));
        const at = among ? ordered.length >> 1 : ordered.length;
        const entries = [...ordered.slice(0, at), ...last, ...ordered.slice(at)];
        expect(checkTakes(entries)).toBe(modelTakes(entries));
      }),
      { numRuns: 40 },
    );
  },
);
