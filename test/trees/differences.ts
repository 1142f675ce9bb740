/** Where a tree is not as it was, in words. */
import type { Item, Picture } from './picture.ts';

export interface Difference {
  path: string;
  what: 'missing' | 'kind' | 'content' | 'mode' | 'owner' | 'mtime' | 'hard links' | 'holes' | 'appeared';
  words: string;
}

/** Less than this of more on the disk is no lost hole. */
const SLACK = 131_072;

export function* differences(expected: Picture, actual: Picture): Generator<Difference> {
  for (const [path, item] of expected) {
    const there = actual.get(path);
    if (there === undefined) yield { path, what: 'missing', words: item.kind };
    else yield* unlike(path, item, there);
  }
  yield* ungrouped(expected, actual);
}

function* unlike(path: string, item: Item, there: Item): Generator<Difference> {
  if (item.kind !== there.kind) {
    yield { path, what: 'kind', words: `${item.kind}, now ${there.kind}` };
    return;
  }
  for (const what of ['content', 'mode', 'owner', 'mtime'] as const)
    if (String(item[what]) !== String(there[what]))
      yield { path, what, words: `${shown(what, item[what])}, now ${shown(what, there[what])}` };
  if (there.allocated > item.allocated + item.allocated / 8 + SLACK)
    yield { path, what: 'holes', words: `${item.allocated} bytes on disk, now ${there.allocated}` };
}

const shown = (what: string, value: string | number): string =>
  typeof value === 'number' ? `0${value.toString(8)}` : what === 'content' ? value.slice(0, 40) : value;

/** Files that were one are one, and no others. */
function* ungrouped(expected: Picture, actual: Picture): Generator<Difference> {
  const both = [...expected].filter(
    ([path, { kind }]) => kind === 'file' && actual.get(path)?.kind === 'file',
  );
  const partners = new Map<string, { path: string; inode: string }>();
  for (const [from, to] of [
    [expected, actual],
    [actual, expected],
  ] as const)
    for (const [path, { content }] of both) {
      const key = `${from === expected} ${from.get(path)!.inode}`;
      const first = partners.get(key) ?? { path, inode: to.get(path)!.inode };
      partners.set(key, first);
      if (first.inode === to.get(path)!.inode) continue;
      const now = from === expected ? 'is no more one file with' : 'is now one file with';
      yield { path, what: 'hard links', words: `${now} ${first.path} (${content.slice(0, 8)})` };
    }
}
