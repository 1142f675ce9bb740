/** The end of a copy: everything that the recipe needs is in the store, then the recipe comes. */
import { createHash, hash } from 'node:crypto';
import { BackupError } from '@gofr-backup/model';
import { isoUtc } from '../../repository/index.ts';
import type { Cache, CachedCopy } from '../cache/cache.ts';
import type { FrameTable } from '../cache/frame-table.ts';
import { type Inventory, takeInventory } from '../inventory.ts';
import { type CopyName, packObject, recipeObject } from '../layout.ts';
import type { Objects } from '../objects.ts';
import type { Offsite } from '../offsite.ts';
import { formatRecipe, type Pack, type Recipe } from '../recipe/recipe.ts';
import { sealed } from '../sealing/sealing.ts';
import { atOnce } from '../read/at-once.ts';
import { requireWriter, signerOf } from '../writer.ts';

const LOCKED_AT_ONCE = 8;

/**
 * Answers what the store holds now. Throws FAILED when a pack is not there any more, or is about to go; another try sends its spans again. A prune removes nothing
 * within a day after it listed a pack, so what is not listed now is named in time.
 */
export async function requirePacks(
  { signal, name }: Offsite,
  objects: Objects,
  packs: readonly Pack[],
): Promise<Inventory> {
  const present = await takeInventory(objects, signal);
  const lost = packs.filter(({ sha256, size }) => present.packs.get(sha256) !== size);
  const doomed = packs.filter(({ sha256 }) => present.doomed.has(sha256));
  if (lost.length + doomed.length === 0) return present;
  throw new BackupError('FAILED', `The copy to the store ${name} is not complete`, {
    why: `${lost.length} of its packs are missing there, ${doomed.length} are about to be removed`,
    hint: 'Run it again: what is missing is sent anew. If packs vanish again, look who else removes objects there.',
  });
}

/** All packs of a copy are locked as long as its recipe will be; those that were there already are locked for longer. */
export async function lockPacks(
  { lockDays, encryption, signal }: Offsite,
  objects: Objects,
  packs: readonly Pack[],
): Promise<void> {
  if (lockDays === undefined) return;
  await atOnce(packs, LOCKED_AT_ONCE, ({ sha256 }) => objects.lock(packObject(sha256, encryption), signal));
}

/** `frames`: for the next copy. `instead`: as putRecipe has it. `writers`: listed after the packs. Answers the bytes that were sent. */
export async function commitRecipe(
  offsite: Offsite,
  { objects, cache }: { objects: Objects; cache: Cache },
  recipe: Omit<Recipe, 'arrived'>,
  {
    frames,
    instead = false,
    writers,
  }: { frames?: FrameTable; instead?: boolean; writers: readonly number[] },
): Promise<{ copy: CachedCopy; sent: number }> {
  const [now] = await Promise.all([objects.now(offsite.signal), requireWriter(offsite, objects, writers)]);
  const arrived = isoUtc(now);
  const text = formatRecipe({ ...recipe, arrived }, signerOf(offsite));
  return putRecipe(
    offsite,
    { objects, cache },
    { copy: recipe.entry, sha256: recipe.entry.sha256, arrived, text },
    { ...(frames && { frames }), instead },
  );
}

/**
 * The recipe is in the cache before the store has it: killed in between, the next copy puts it again. `instead`: one of this
 * name that is damaged gives way.
 */
export async function putRecipe(
  offsite: Offsite,
  { objects, cache }: { objects: Objects; cache: Cache },
  { copy, sha256, arrived, text }: { copy: CopyName; sha256: string; arrived: string; text: string },
  { frames, instead = false }: { frames?: FrameTable; instead?: boolean },
): Promise<{ copy: CachedCopy; sent: number }> {
  const bytes = await sealed(offsite.encryption, Buffer.from(text));
  const object = recipeObject(copy, offsite.encryption);
  const cached: CachedCopy = {
    ...{ tier: copy.tier, filename: copy.filename },
    ...{ object, object_sha256: hash('sha256', bytes), arrived, sha256 },
  };
  await cache.put(cached, text, frames);
  if (instead) await objects.remove(object, offsite.signal);
  const answer = await objects.putProved(object, bytes, offsite.signal);
  if (answer === 'taken' && (await objectSha256(objects, object, offsite.signal)) !== cached.object_sha256)
    throw nameTaken(offsite, object);
  await objects.lock(object, offsite.signal);
  return { copy: cached, sent: bytes.length };
}

/** Of an object in the store. */
export async function objectSha256(objects: Objects, object: string, signal: AbortSignal): Promise<string> {
  const sum = createHash('sha256');
  for await (const bytes of objects.stream(object, signal)) sum.update(bytes);
  return sum.digest('hex');
}

const nameTaken = ({ name }: Offsite, object: string): BackupError =>
  new BackupError('FAILED', `The store ${name} has another ${object}`, {
    why: 'it was put while this copy was under way',
    hint: 'Find out who else writes there. The copy of the next backup is not concerned.',
  });
