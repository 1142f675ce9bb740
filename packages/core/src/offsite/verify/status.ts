/** How each copy stands: sent, listed, read, drilled, and when. What this host knows; the store is not asked. */
import type { Cache, CachedCopy, Proofs } from '../cache/cache.ts';
import { lastCache } from '../cache/cache-of.ts';
import type { CopyName } from '../layout.ts';
import type { Offsite } from '../offsite.ts';

export interface CopyStatus {
  filename: string;
  /** of the archive */
  sha256: string;
  /** when it came to the store; ISO 8601 UTC */
  sent_at: string;
  /** when the store was seen to have all of it */
  listed_at?: string;
  /** since when all its packs were read and found right: the time of the one that was not read for longest */
  read_at?: number;
  drilled_at?: string;
  /** false: something of it is missing or damaged */
  ok: boolean;
}

/** Newest first, by arrival. */
export async function copyStatus(where: Pick<Offsite, 'cacheDir'>): Promise<CopyStatus[]> {
  const cache = await lastCache(where);
  if (cache === undefined) return [];
  const proofs = await cache.proofs();
  const found: CopyStatus[] = [];
  for (const copy of await cache.copies()) if (!copy.trashed) found.push(await statusOf(cache, copy, proofs));
  return found;
}

/** Of one backup; undefined: this host knows of no copy. */
export async function copyStatusOf(
  where: Pick<Offsite, 'cacheDir'>,
  name: CopyName,
): Promise<CopyStatus | undefined> {
  const cache = await lastCache(where);
  const copy = await cache?.record(name);
  if (cache === undefined || copy === undefined || copy.trashed) return undefined;
  return statusOf(cache, copy, await cache.proofs());
}

async function statusOf(cache: Cache, copy: CachedCopy, proofs: Proofs): Promise<CopyStatus> {
  const { ok = true, ...proof } = proofs.copies[copy.object] ?? {};
  const packs = (await cache.recipe(copy))?.packs ?? [];
  const read = Math.min(...packs.map(({ sha256 }) => proofs.packs[sha256] ?? 0));
  const readAt = packs.length > 0 && read > 0 ? { read_at: read } : {};
  const { filename, sha256, arrived } = copy;
  return { filename, sha256, sent_at: arrived, ...proof, ...readAt, ok };
}
