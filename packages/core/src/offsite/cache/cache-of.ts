/** The cache of what a store holds: it counts only for the place that it was made from. */
import { type Format, readFormat } from '../format.ts';
import type { Objects } from '../objects.ts';
import type { Offsite } from '../offsite.ts';
import { Cache } from './cache.ts';

/** The same for a copy of the whole place, and another for one that was begun anew. */
const placeOf = ({ id, created, key = '' }: Format): string => id ?? `${created} ${key}`;

/** A store of the same name may lie elsewhere since: what is known of another place is forgotten then. */
export async function cacheOf(offsite: Offsite, objects: Objects): Promise<Cache> {
  const cache = await Cache.open(offsite.cacheDir);
  const format = await readFormat(offsite, objects);
  if (format) await cache.belongTo(placeOf(format));
  return cache;
}

/** For a reader, who makes and forgets nothing; undefined: nothing is known of this place. */
export async function existingCacheOf(
  { cacheDir }: Offsite,
  format: Format | undefined,
): Promise<Cache | undefined> {
  const cache = format && (await Cache.openExisting(cacheDir));
  return (await cache?.belongsTo(placeOf(format!))) ? cache : undefined;
}
