/**
 * Packs of which less than half is still named. A copy does not name them again: what it needs of them it sends anew from the local
 * archive, so that such a pack goes with its last old copy, and nothing is ever downloaded.
 */
import type { Cache } from '../cache/cache.ts';
import type { Inventory } from '../inventory.ts';
import type { SignedRecipe } from '../recipe/parse.ts';

const ALIVE = 0.5;

type Interval = [from: number, to: number];

/** SHA-256 of each. None when a recipe is not known here: it may name any part of a pack. */
export async function sparsePacks(cache: Cache, { recipes }: Inventory): Promise<Set<string>> {
  const copies = (await cache.copies()).filter(({ object, trashed }) => !trashed && recipes.has(object));
  const [newest, ...others] = copies;
  const first = newest && (await cache.recipe(newest));
  if (first === undefined || copies.length !== recipes.size) return new Set();
  const named = namedIn(first);
  for (const { sha256, content } of first.packs)
    if (aliveOf(named.get(sha256)!) >= content * ALIVE) named.delete(sha256);
  for (const copy of named.size > 0 ? others : []) {
    const recipe = await cache.recipe(copy);
    if (recipe === undefined) return new Set();
    for (const [sha256, intervals] of namedIn(recipe)) named.get(sha256)?.push(...intervals);
  }
  const contents = new Map(first.packs.map(({ sha256, content }) => [sha256, content]));
  const sparse = [...named].filter(([sha256, all]) => aliveOf(all) < contents.get(sha256)! * ALIVE);
  return new Set(sparse.map(([sha256]) => sha256));
}

function namedIn({ packs, extents }: SignedRecipe): Map<string, Interval[]> {
  const byNumber = packs.map((): Interval[] => []);
  for (const { pack, offset, length } of extents) byNumber[pack]!.push([offset, offset + length]);
  return new Map(packs.map(({ sha256 }, n) => [sha256, byNumber[n]!]));
}

/** Bytes in any of the intervals. */
function aliveOf(intervals: Interval[]): number {
  let [alive, end] = [0, 0];
  for (const [from, to] of intervals.toSorted((a, b) => a[0] - b[0])) {
    alive += Math.max(0, to - Math.max(from, end));
    end = Math.max(end, to);
  }
  return alive;
}
