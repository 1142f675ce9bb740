/**
 * Removes copies that retention no longer keeps, in steps that a day each separates, so that a mistake, or a copy under way on
 * another host, has time:
 *
 *   recipe           -> trash                 when retention says so
 *   recipe in trash  -> gone                  a day later
 *   pack, index      -> on the unnamed list   when no recipe, trash included, names it
 *   on that list     -> gone                  a day later, if still unnamed
 *
 * Time is the store's own. A recipe that cannot be read may name anything: then nothing goes.
 */
import {
  type Clock,
  formatCount,
  formatSpan,
  type PruneDecision,
  type RetentionPolicy,
} from '@gofr-backup/model';
import { isoUtc } from '../../repository/index.ts';
import type { Cache } from '../cache/cache.ts';
import { cacheOf, existingCacheOf } from '../cache/cache-of.ts';
import { readFormat } from '../format.ts';
import { type Inventory, listText, readListIfThere } from '../inventory.ts';
import { packObject, trashedRecipe, unnamedList } from '../layout.ts';
import { type Look, lookAt } from '../look.ts';
import { Objects } from '../objects.ts';
import type { Offsite } from '../offsite.ts';
import { type Copy, readRecipe, type Unread } from '../read/recipes.ts';
import type { SignedRecipe } from '../recipe/parse.ts';
import { toOffsiteError } from '../store-failure.ts';
import { decide } from './decide.ts';
import { namedObjects, overLists } from './named.ts';
import { Remover } from './remover.ts';

/** A clock that differs by more is not trusted with removals. */
const CLOCKS = 5 * 60_000;
const DAY = 86_400_000;

export interface PruneStoreRequest {
  policy: RetentionPolicy;
  dryRun: boolean;
  /** although counts jumped, or recipes vanished */
  force?: boolean;
  /** what was just seen, with every recipe read anew */
  look?: Look;
}

export interface PruneStoreOutcome {
  dry_run: boolean;
  now: string;
  decisions: PruneDecision[];
  /** why nothing was removed although decisions say so */
  held?: string;
  /** packs and indexes that are listed, and go a day later */
  listed: number;
  removed_packs: number;
  freed_bytes: number;
  /** objects whose removal the store refused, as object lock and some credentials do */
  refused: number;
}

export async function pruneStore(offsite: Offsite, request: PruneStoreRequest): Promise<PruneStoreOutcome> {
  try {
    return await prune(offsite, request);
  } catch (error) {
    throw toOffsiteError(error, `pruning the store ${offsite.name}`);
  }
}

async function prune(
  offsite: Offsite,
  { policy, dryRun, force = false, look }: PruneStoreRequest,
): Promise<PruneStoreOutcome> {
  const { signal, clock } = offsite;
  const objects = new Objects(offsite);
  const cache = await cacheOf(offsite, objects);
  const { inventory, copies: found } = look ?? (await lookAt(offsite, { anew: true }));
  const { copies, unread } = found;
  const trashed = await readTrash(offsite, objects, inventory);
  const storeNow = await objects.storeNow(signal);
  const now = storeNow ?? clock.now();
  const {
    decisions,
    removed,
    held: anomaly,
  } = decide(copies, policy, now, {
    proofs: await cache.proofs(),
    packs: inventory.packs,
  });
  const lost = await lostRecipes(cache, inventory);
  const held =
    clockHold(storeNow, clock) ??
    unreadHold([...unread, ...trashed.unread]) ??
    (force ? undefined : (lostHold(lost) ?? anomaly));
  const outcome = {
    ...{ dry_run: dryRun, now: isoUtc(now), decisions, ...(held === undefined ? {} : { held }) },
    ...{ listed: 0, removed_packs: 0, freed_bytes: 0, refused: 0 },
  };
  if (dryRun || held !== undefined) return outcome;
  const remover = new Remover(offsite, objects);
  for (const copy of removed) await toTrash({ objects, cache, remover, now, signal }, inventory, copy);
  const waiting = await emptyTrash({ remover, cache }, inventory, trashed.recipes, now);
  const recipes = copies.map(({ recipe }) => recipe).concat(waiting);
  const named = await namedObjects(objects, inventory, recipes, { now, signal });
  await removeListed({ offsite, objects, remover }, inventory, named, now);
  const listed = await listUnnamed(objects, inventory, named, { now, signal });
  for (const list of overLists(inventory, now)) await remover.remove(list);
  const { packs: removed_packs, bytes: freed_bytes, refusedObjects } = remover;
  return { ...outcome, listed, removed_packs, freed_bytes, refused: refusedObjects.size };
}

interface TrashedRecipe {
  object: string;
  /** where it was */
  place: string;
  at: number;
  recipe: SignedRecipe;
}

async function readTrash(
  offsite: Offsite,
  objects: Objects,
  { trash }: Inventory,
): Promise<{ recipes: TrashedRecipe[]; unread: Unread[] }> {
  const cache = await existingCacheOf(offsite, await readFormat(offsite, objects));
  const recipes: TrashedRecipe[] = [];
  const unread: Unread[] = [];
  for (const [object, item] of trash) {
    if (item.kind !== 'recipe') continue;
    const read = await readRecipe(offsite, { objects, cache }, item.recipe, object);
    if (read.copy) recipes.push({ object, place: item.recipe, at: item.at, recipe: read.copy.recipe });
    else unread.push(read.unread);
  }
  return { recipes, unread };
}

/** Recipes that this host knows, and that neither the place nor the trash has. */
async function lostRecipes(cache: Cache, { recipes, trash }: Inventory): Promise<string[]> {
  const inTrash = new Set([...trash.values()].flatMap((one) => (one.kind === 'recipe' ? [one.recipe] : [])));
  const copies = (await cache.copies()).filter(({ trashed }) => !trashed);
  return copies.map(({ object }) => object).filter((object) => !recipes.has(object) && !inTrash.has(object));
}

function clockHold(storeNow: number | undefined, clock: Clock): string | undefined {
  if (storeNow === undefined) return 'the store does not tell its time, and removal needs it';
  const apart = Math.abs(storeNow - clock.now());
  return apart > CLOCKS
    ? `the clock of the store and that of this host are ${formatSpan(apart)} apart`
    : undefined;
}

function unreadHold([first, ...more]: readonly Unread[]): string | undefined {
  if (first === undefined) return undefined;
  const others = more.length === 0 ? '' : ` (and ${more.length} more)`;
  return `${first.object}${others} cannot be read, and may name any pack: ${first.why}`;
}

function lostHold(lost: readonly string[]): string | undefined {
  const [first] = lost;
  return first === undefined
    ? undefined
    : `${formatCount(lost.length, 'recipe')} vanished from the store, such as ${first}; \`gofr-backup copy\` puts back what it can`;
}

/** First a second name, then the first one goes: a kill in between leaves a copy that is still one. */
async function toTrash(
  work: { objects: Objects; cache: Cache; remover: Remover; now: number; signal: AbortSignal },
  { trash, recipes }: Inventory,
  { object, name }: Copy,
): Promise<void> {
  const { objects, cache, remover, now, signal } = work;
  const known = await cache.record(name);
  const there = [...trash.values()].some((item) => item.kind === 'recipe' && item.recipe === object);
  if (!there) {
    const bytes = await objects.read(object, signal, Number.MAX_SAFE_INTEGER);
    await objects.putProved(trashedRecipe(object, now), bytes, signal);
  }
  if (!(await remover.remove(object))) return;
  recipes.delete(object);
  if (known) await cache.setTrashed(known, true);
}

/** Answers the recipes that stay in the trash. */
async function emptyTrash(
  { remover, cache }: { remover: Remover; cache: Cache },
  inventory: Inventory,
  recipes: readonly TrashedRecipe[],
  now: number,
): Promise<SignedRecipe[]> {
  const waiting: SignedRecipe[] = [];
  for (const { object, at, recipe, place } of recipes) {
    if (at > now - DAY || !(await remover.remove(object))) waiting.push(recipe);
    else if (!inventory.recipes.has(place)) await cache.forget(recipe.entry);
  }
  return waiting;
}

/** Packs first: their list says what was about to go until all of it is gone. */
async function removeListed(
  { offsite, objects, remover }: { offsite: Offsite; objects: Objects; remover: Remover },
  { trash, packs, indexes }: Inventory,
  named: ReadonlySet<string>,
  now: number,
): Promise<void> {
  for (const [list, item] of trash) {
    if (item.kind !== 'unnamed' || item.at > now - DAY) continue;
    // undefined: another prune has done it
    const items = await readListIfThere(objects, list, offsite.signal);
    if (items === undefined) continue;
    const unnamed = items.filter((one) => !named.has(one));
    let all = true;
    for (const one of unnamed) {
      const size = packs.get(one);
      const object = indexes.has(one) ? one : packObject(one, offsite.encryption);
      if (size === undefined && !indexes.has(one)) continue;
      if (!(await remover.remove(object, size))) all = false;
      else if (size !== undefined) packs.delete(one);
      else indexes.delete(one);
    }
    if (all) await remover.remove(list);
  }
}

/** Answers how many were listed now. */
async function listUnnamed(
  objects: Objects,
  { packs, indexes, doomed }: Inventory,
  named: ReadonlySet<string>,
  { now, signal }: { now: number; signal: AbortSignal },
): Promise<number> {
  const unnamed = [...packs.keys(), ...indexes.keys()].filter((one) => !named.has(one) && !doomed.has(one));
  if (unnamed.length > 0) await objects.putProved(unnamedList(now), listText(unnamed), signal);
  return unnamed.length;
}
