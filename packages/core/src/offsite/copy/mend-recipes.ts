/** Puts recipes again that the store lost although this host neither removed them nor saw them in the trash. */
import type { Cache } from '../cache/cache.ts';
import type { Inventory } from '../inventory.ts';
import type { Objects } from '../objects.ts';
import type { Offsite } from '../offsite.ts';
import { putRecipe } from './commit.ts';

/**
 * Answers the names of their archives. A recipe in the trash was removed on purpose: what is known of it is forgotten with it. One
 * whose packs are gone too stays as it is: `verify` tells of it.
 */
export async function mendRecipes(
  offsite: Offsite,
  { objects, cache }: { objects: Objects; cache: Cache },
  { recipes, trash, packs, doomed }: Inventory,
): Promise<string[]> {
  const removed = new Set([...trash.values()].flatMap((one) => (one.kind === 'recipe' ? [one.recipe] : [])));
  const mended: string[] = [];
  for (const copy of await cache.copies()) {
    if (recipes.has(copy.object)) continue;
    if (removed.has(copy.object)) {
      await cache.setTrashed(copy, true);
      continue;
    }
    if (copy.trashed) {
      await cache.forget(copy);
      continue;
    }
    const recipe = await cache.recipe(copy);
    const text = await cache.recipeText(copy);
    const whole = recipe?.packs.every(
      ({ sha256, size }) => packs.get(sha256) === size && !doomed.has(sha256),
    );
    if (!whole || text === undefined) continue;
    const known = await cache.known(copy);
    await putRecipe(
      offsite,
      { objects, cache },
      { copy, ...copy, text },
      { ...(known && { frames: known.frames }) },
    );
    recipes.set(copy.object, 0);
    mended.push(copy.filename);
    offsite.logger.warn(
      { store: offsite.name, backup: copy.filename },
      'the store had lost the recipe of a copy; it was put again',
    );
  }
  return mended;
}
