/** The recipes of a store, as far as they can be read: with an identity, or because this host knows what is in them. */
import { hash } from 'node:crypto';
import { toBackupError } from '@gofr-backup/model';
import type { Cache } from '../cache/cache.ts';
import { type CopyName, parseRecipeObject } from '../layout.ts';
import type { Objects } from '../objects.ts';
import type { Offsite } from '../offsite.ts';
import { MOST_RECIPE_BYTES, parseRecipe, type SignedRecipe } from '../recipe/parse.ts';
import { opened } from '../sealing/sealing.ts';

/**
 * own: signed by this host, or one that the operator named. listed: by a host that wrote to this store, as the store says.
 * foreign: by a key that nobody named; whoever may write to the store can make such a recipe.
 */
export type Signer = 'own' | 'listed' | 'foreign';

export interface Copy {
  object: string;
  name: CopyName;
  recipe: SignedRecipe;
  /** as it was read */
  text: string;
  /** of the object, where it was read */
  objectSha256: string;
}

/** A recipe that cannot be read; `why` says whether it is damaged or closed to this host. */
export interface Unread {
  object: string;
  name: CopyName | undefined;
  why: string;
  /** it cannot be read here, but nothing says that it is damaged */
  closed: boolean;
}

export type ReadCopy = { copy: Copy; unread?: never } | { unread: Unread; copy?: never };

export interface ReadingPlace {
  objects: Objects;
  cache?: Cache | undefined;
}

/** The same from what this host knows, without a look at the store. */
export async function knownCopy(cache: Cache | undefined, object: string): Promise<Copy | undefined> {
  const name = parseRecipeObject(object);
  const cached = name && (await cache?.record(name));
  if (name === undefined || cached?.object !== object) return undefined;
  const recipe = await cache?.recipe(cached);
  const text = await cache?.recipeText(cached);
  if (recipe === undefined || text === undefined) return undefined;
  return { object, name, recipe, text, objectSha256: cached.object_sha256 };
}

/** Errors of the store are thrown: they say nothing about the recipe. `place`: where it lies, when it is in the trash. */
export async function readRecipe(
  { identities, signal }: Offsite,
  { objects, cache }: ReadingPlace,
  object: string,
  place = object,
): Promise<ReadCopy> {
  const name = parseRecipeObject(object);
  const unread = (why: string, closed = false): ReadCopy => ({
    unread: { object: place, name, why, closed },
  });
  if (name === undefined) return unread('its name is no recipe’s');
  const bytes = await readBounded(objects, place, signal);
  if (typeof bytes === 'string') return unread(bytes);
  const objectSha256 = hash('sha256', bytes);
  const cached = await cache?.record(name);
  const isOurs = cached?.object_sha256 === objectSha256;
  // what this host knows may be damaged here, which says nothing about the store
  const known = isOurs && (await cache?.recipe(cached)) ? await cache?.recipeText(name) : undefined;
  const needsKey = object.endsWith('.age') && known === undefined;
  if (needsKey && identities.length === 0)
    return cached && !isOurs
      ? unread('it is not the object that this host put there')
      : unread('it is encrypted, and no identity is at hand', true);
  try {
    const text = known ?? (await opened(bytes, object, identities)).toString();
    const recipe = parseRecipe(text);
    const { tier, filename } = recipe.entry;
    if (tier !== name.tier || filename !== name.filename) return unread(`it is the recipe of ${filename}`);
    return { copy: { object, name, recipe, text, objectSha256 } };
  } catch (error) {
    if (error instanceof RangeError) return unread(error.message);
    throw toBackupError(error, `reading ${object}`);
  }
}

async function readBounded(objects: Objects, object: string, signal: AbortSignal): Promise<Buffer | string> {
  try {
    return await objects.read(object, signal, MOST_RECIPE_BYTES);
  } catch (error) {
    if (error instanceof RangeError) return error.message;
    throw error;
  }
}
