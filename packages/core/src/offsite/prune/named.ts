/** What is still needed: packs and indexes that a recipe, one in the trash, or a copy under way names. */
import { readListIfThere } from '../inventory.ts';
import type { Inventory } from '../inventory.ts';
import type { Objects } from '../objects.ts';
import type { SignedRecipe } from '../recipe/parse.ts';

/** For so long the lists of a copy under way count, by the store's clock. A copy puts them again long before. */
const COPYING_FOR = 7 * 86_400_000;

/** SHA-256 of packs, objects of indexes. */
export async function namedObjects(
  objects: Objects,
  { copying }: Inventory,
  recipes: Iterable<SignedRecipe>,
  { now, signal }: { now: number; signal: AbortSignal },
): Promise<Set<string>> {
  const named = new Set<string>();
  for (const { packs, index } of recipes) {
    for (const { sha256 } of packs) named.add(sha256);
    if (index) named.add(index.object);
  }
  for (const [list, at] of copying)
    if (!isOver(at, now))
      // A list that is gone is of a copy that has ended, perhaps with a recipe that was not seen. What that names is not on a
      // list of unnamed packs, and what gets on one now goes in a day, if no recipe names it then.
      for (const item of (await readListIfThere(objects, list, signal)) ?? []) named.add(item);
  return named;
}

/** Lists of copies that ended, or never will. */
export const overLists = ({ copying }: Inventory, now: number): string[] =>
  [...copying].filter(([, at]) => isOver(at, now)).map(([list]) => list);

const isOver = (at: number, now: number): boolean => at <= now - COPYING_FOR;
