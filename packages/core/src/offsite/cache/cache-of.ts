/**
 * The cache of what a store holds: it counts only for the place that it was made from. A store of the same name may lie elsewhere
 * for a while (another disk, a mount point without its mount) and come back, so what is known of each place is kept.
 */
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { readUnlessClosed, writeAtomically } from '../../repository/index.ts';
import { type Format, readFormat } from '../format.ts';
import { parseRecipeObject, RECIPES } from '../layout.ts';
import type { Objects } from '../objects.ts';
import type { Offsite } from '../offsite.ts';
import { MOST_RECIPE_BYTES } from '../recipe/parse.ts';
import { Cache } from './cache.ts';

type Where = Pick<Offsite, 'cacheDir'>;

/** The first place that was seen: what is known of it lies in the cache's directory itself. Absent: an earlier version made that. */
const FIRST = 'place';
/** The place that was seen last. Absent: the first one. */
const LAST = 'last-place';

/** The same for a copy of the whole place, and another for one that was begun anew. */
const placeOf = ({ id, created, key = '' }: Format): string => id ?? `${created} ${key}`;

/** Where the store has no place yet, what is known of the last one counts: it may have vanished. */
export async function cacheOf(offsite: Offsite, objects: Objects): Promise<Cache> {
  const format = await readFormat(offsite, objects);
  const own = await Cache.open(offsite.cacheDir);
  const directory = await directoryOf(offsite, format && placeOf(format));
  if (format) await remember(offsite, placeOf(format));
  return directory === own.directory ? own : Cache.open(directory);
}

/** For a reader, who makes nothing; undefined: nothing is known of this place. */
export async function existingCacheOf(where: Where, format: Format | undefined): Promise<Cache | undefined> {
  return format && Cache.openExisting(await directoryOf(where, placeOf(format)));
}

/** Of the place that was seen last, without a look at the store. */
export async function lastCache(where: Where): Promise<Cache | undefined> {
  return Cache.openExisting(await directoryOf(where, undefined));
}

/** The last place again, where a recipe in the store is the very object that this host put there: `format.json` alone was lost. */
export async function placeAgain(offsite: Offsite, objects: Objects): Promise<string | undefined> {
  const cache = await lastCache(offsite);
  for await (const { name } of objects.list(RECIPES, offsite.signal)) {
    const copy = parseRecipeObject(name);
    const known = copy && (await cache?.record(copy));
    if (known === undefined) continue;
    const bytes = await objects.read(name, offsite.signal, MOST_RECIPE_BYTES);
    if (hash('sha256', bytes) === known.object_sha256) return lastPlace(offsite);
  }
  return undefined;
}

async function directoryOf(where: Where, place: string | undefined): Promise<string> {
  const wanted = place ?? (await lastPlace(where));
  const first = await noted(where, FIRST);
  if (wanted === undefined || first === undefined || wanted === first) return where.cacheDir;
  return join(where.cacheDir, 'places', hash('sha256', wanted));
}

async function remember(where: Where, place: string): Promise<void> {
  const first = await noted(where, FIRST);
  const last = await lastPlace(where);
  if (first === undefined) await writeAtomically(join(where.cacheDir, FIRST), place);
  if (last !== undefined && last !== place) await writeAtomically(join(where.cacheDir, LAST), place);
}

const lastPlace = async (where: Where): Promise<string | undefined> =>
  (await noted(where, LAST)) ?? (await noted(where, FIRST));

const noted = async ({ cacheDir }: Where, name: string): Promise<string | undefined> =>
  (await readUnlessClosed(join(cacheDir, name))).content;
