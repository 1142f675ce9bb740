/** What a changed frame takes of the one before, entry by entry. */
import { expect, test } from 'vitest';
import type { IndexEntry } from '../index/types.ts';
import { planParts, type Sameness } from './earlier-parts.ts';
import { cutFrames } from './frames.ts';
import type { LinkedEntry } from './hard-links.ts';

const SIZE = 700;
const HEADER = 1536;
const PADDED = 1024;
const entry = (path: string, ino: number, more: Partial<LinkedEntry> = {}): LinkedEntry => ({
  ...{ path, ino, type: 'file', size: SIZE, mode: 0o644, uid: 0, gid: 0 },
  ...{ mtimeNs: 5n, ctimeNs: 5n, sparse: false, component: 0 },
  root: { fd: 0, path: '/', cut: 0, prefix: '' },
  ...more,
});
const BEFORE: IndexEntry[] = ['d/a', 'd/b', 'd/c', 'd/e'].map((path, n) => {
  const { root: _, component: __, ...facts } = entry(path, n + 1);
  const headerOffset = n * (HEADER + PADDED);
  return { ...facts, sliced: false, frame: 0, headerOffset, dataOffset: headerOffset + HEADER };
});
const RAW = 4 * (HEADER + PADDED);
const SAME: Sameness = {
  entry: (before, now) => before.path === now.path && before.ctimeNs === now.ctimeNs,
  content: (before, now) => before.ctimeNs === now.ctimeNs,
};
const contentAt = (n: number, taken: boolean) => {
  const start = n * (HEADER + PADDED) + HEADER;
  return { start, end: start + SIZE, taken };
};

test('what is the same is kept in runs, and a file whose times moved is written between them', () => {
  const touched = entry('d/c', 3, { ctimeNs: 9n });
  const parts = planParts(RAW, BEFORE, [entry('d/a', 1), entry('d/b', 2), touched, entry('d/e', 4)], SAME)!;
  expect(parts.written).toEqual([touched]);
  expect(parts.contents).toEqual([contentAt(2, false)]);
  expect(parts.seen).toEqual([BEFORE[0], BEFORE[1], undefined, BEFORE[3]]);
  expect(parts.kept).toMatchObject([
    { after: 0, from: 0, to: 2 * (HEADER + PADDED), lastHeader: HEADER + PADDED },
    { after: 1, from: 3 * (HEADER + PADDED), to: RAW, lastHeader: 3 * (HEADER + PADDED) },
  ]);
  expect(parts.kept.map(({ contents }) => contents.length)).toEqual([2, 1]);
});

test('a new file, and one that is gone, end a run', () => {
  const added = entry('d/b2', 99);
  const parts = planParts(RAW, BEFORE, [entry('d/a', 1), added, entry('d/c', 3), entry('d/e', 4)], SAME)!;
  expect(parts.written).toEqual([added]);
  expect(parts.contents).toEqual([undefined]);
  expect(parts.kept.map(({ from }) => from / (HEADER + PADDED))).toEqual([0, 2]);
});

test('under another name the content is taken, and not read', () => {
  const renamed = BEFORE.map(({ ino }, n) => entry(`other/${n}`, ino));
  const parts = planParts(RAW, BEFORE, renamed, SAME)!;
  expect(parts.kept).toEqual([]);
  expect(parts.contents).toEqual([0, 1, 2, 3].map((n) => contentAt(n, true)));
});

test('links are written anew, and what lies elsewhere is of no use', () => {
  const link: LinkedEntry = entry('d/a', 1, { type: 'hardlink', linkTarget: 'd/0', size: 0 });
  const sliced = [{ ...BEFORE[0]!, sliced: true }];
  expect(planParts(RAW, [{ ...BEFORE[0]!, type: 'hardlink', size: 0 }], [link], SAME)).toBeUndefined();
  expect(planParts(RAW, sliced, [entry('d/a', 1)], SAME)).toBeUndefined();
});

test('frames end where they ended when a directory above them is renamed', async () => {
  const cuts = async (top: string): Promise<(string | undefined)[]> => {
    const tree = Array.from({ length: 4000 }, (_, n) => entry(`${top}/sub-${n >> 6}/file-${n}`, n));
    const ends = [];
    for await (const { entries } of cutFrames(walked(tree)))
      ends.push(entries.at(-1)?.path.slice(top.length));
    return ends;
  };
  const before = await cuts('data/storage/top');
  expect(before.length).toBeGreaterThan(20);
  expect(await cuts('data/storage/tip')).toEqual(before);
});

async function* walked(entries: LinkedEntry[]): AsyncGenerator<LinkedEntry[]> {
  yield entries;
}
