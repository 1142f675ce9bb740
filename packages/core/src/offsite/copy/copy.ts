/** Copies one archive to a store: only what is new is sent, and the recipe comes last. */
import { hash } from 'node:crypto';
import { BackupError, type CatalogueEntry } from '@gofr-backup/model';
import { openRegular } from '@gofr-backup/posix';
import type { Cache, CachedCopy } from '../cache/cache.ts';
import { cacheOf, placeAgain } from '../cache/cache-of.ts';
import { forgetPending, PendingLog } from '../cache/pending.ts';
import { readBytes } from '../cache/read-bytes.ts';
import { ensureFormat } from '../format.ts';
import { type Inventory, takeInventory } from '../inventory.ts';
import { type CopyName, indexObject, recipeObject } from '../layout.ts';
import { Objects } from '../objects.ts';
import type { Offsite } from '../offsite.ts';
import { MOST_RECIPE_BYTES } from '../recipe/parse.ts';
import type { IndexObject } from '../recipe/recipe.ts';
import { sealed } from '../sealing/sealing.ts';
import { toOffsiteError } from '../store-failure.ts';
import { becomeWriter } from '../writer.ts';
import { commitRecipe, lockPacks, objectSha256, requirePacks } from './commit.ts';
import { KnownFrames } from './known-frames.ts';
import { mendRecipes } from './mend-recipes.ts';
import { PackWriter } from './pack-writer.ts';
import { sparsePacks } from './sparse-packs.ts';
import { assemble, newAssembly } from './spans.ts';
import { storedFrames } from './stored-frames.ts';
import { tellOfCopy } from './under-way.ts';

export interface CopyRequest {
  entry: CatalogueEntry;
  archivePath: string;
  indexPath: string;
  /** the checksum that the archive must have, where one is known */
  sha256?: string | undefined;
  /** where an earlier archive of this backup directory lies, or lay */
  archiveOf: (copy: CopyName) => string;
  /** this host writes to the store from now on, whoever did before */
  takeOver?: boolean;
  /** what the store holds, where it was just listed */
  listed?: Inventory | undefined;
}

export interface CopyResult {
  filename: string;
  /** it was there already: nothing was sent */
  already: boolean;
  bytes_sent: number;
  bytes_total: number;
  /** packs that were sent */
  packs: number;
  /** recipes of earlier copies that the store had lost and got again */
  mended: string[];
  /** what the store holds after it */
  inventory: Inventory;
}

/**
 * Holds no lock: the archive is held open, so that a prune of the backup directory meanwhile takes nothing away. Killed at any
 * moment it leaves packs that the next copy goes on with.
 */
export async function copyToStore(offsite: Offsite, request: CopyRequest): Promise<CopyResult> {
  try {
    const objects = new Objects(offsite);
    const { takeOver, listed } = request;
    await ensureFormat(offsite, objects, () => placeAgain(offsite, objects));
    await becomeWriter(offsite, objects, { takeOver, listed: listed?.writers });
    const cache = await cacheOf(offsite, objects);
    const found = listed ?? (await takeInventory(objects, offsite.signal));
    const inventory = { ...found, packs: new Map(found.packs) };
    const { damaged } = await cache.proofs();
    for (const sha256 of damaged) inventory.packs.delete(sha256);
    const mended = await mendRecipes(offsite, { objects, cache }, inventory);
    const before = await stateOf(offsite, { objects, cache }, inventory, request.entry);
    if (before !== 'none' && before !== 'damaged') return { ...before, mended, inventory: found };
    const instead = before === 'damaged';
    return { ...(await send(offsite, { objects, cache }, inventory, { ...request, instead })), mended };
  } catch (error) {
    throw toOffsiteError(error, `copying to the store ${offsite.name}`);
  }
}

type Place = { objects: Objects; cache: Cache };
type Sent = Omit<CopyResult, 'mended' | 'inventory'>;

/** damaged: this host knows what should be there, and something of it is missing or changed. */
async function stateOf(
  offsite: Offsite,
  { objects, cache }: Place,
  inventory: Inventory,
  entry: CatalogueEntry,
): Promise<Sent | 'none' | 'damaged'> {
  const { recipes, packs } = inventory;
  const { encryption, logger, name, signal } = offsite;
  const object = recipeObject(entry, encryption);
  const cached = await cache.record(entry);
  if (!recipes.has(object) && !(cached && (await fromTrash(offsite, { objects, cache }, inventory, cached))))
    return 'none';
  const recipe = cached && (await cache.recipe(cached));
  if (cached && recipe) {
    const whole = recipe.packs.every(({ sha256, size }) => packs.get(sha256) === size);
    if (!whole || (await objectSha256(objects, object, signal)) !== cached.object_sha256) return 'damaged';
  } else
    logger.warn(
      { store: name, backup: entry.filename },
      'the store has a copy of this name that this host knows nothing of; it is left as it is',
    );
  const { filename, size_bytes } = entry;
  return { filename, already: true, bytes_sent: 0, bytes_total: size_bytes, packs: 0 };
}

/** The very object, so that what this host knows of the one stays true of the other. */
async function fromTrash(
  { signal }: Offsite,
  { objects, cache }: Place,
  { trash }: Inventory,
  cached: CachedCopy,
): Promise<boolean> {
  const { object, object_sha256 } = cached;
  const places = [...trash].filter(([, item]) => item.kind === 'recipe' && item.recipe === object);
  for (const [place] of places) {
    const bytes = await objects.read(place, signal, MOST_RECIPE_BYTES);
    if (hash('sha256', bytes) !== object_sha256) continue;
    await objects.putProved(object, bytes, signal);
    await cache.setTrashed(cached, false);
    return true;
  }
  return false;
}

async function send(
  offsite: Offsite,
  place: Place,
  inventory: Inventory,
  request: CopyRequest & { instead: boolean },
): Promise<Sent & { inventory: Inventory }> {
  const { entry, archiveOf } = request;
  const { logger, signal, progress } = offsite;
  await using archive = await openRegular(request.archivePath);
  const { size } = await archive.stat();
  const usable = usablePacks(inventory, await sparsePacks(place.cache, inventory));
  await using known = await KnownFrames.open(place.cache, { usable, archiveOf, logger });
  const assembly = newAssembly();
  const log = await PendingLog.begin(place.cache, assembly);
  await using telling = await tellOfCopy(offsite, place);
  await using writer = new PackWriter(offsite, place.objects, assembly.packs, {
    begun: (pack) => log.begun(pack),
    stored: async (pack) => {
      await log.stored(pack);
      await telling.stored(assembly.packs[pack]!);
    },
  });
  const frames = storedFrames(archive, size, { ...request, sha256: request.sha256 ?? '', logger });
  const sha256 = await assemble(assembly, {
    ...{ archive, frames, known, writer, signal },
    progress: (bytes) => progress({ phase: 'copy', bytes, totalBytes: size, files: 0 }),
  });
  await writer.finish();
  requireArchive(request, sha256);
  const now = await requirePacks(offsite, place.objects, assembly.packs);
  await lockPacks(offsite, place.objects, assembly.packs);
  const { index, sent } = await sendIndex(offsite, place, now, request, sha256);
  const { packs, extents } = assembly;
  const copied = { ...entry, sha256, size_bytes: size };
  const recipe = { entry: copied, packs, extents, ...(index && { index }) };
  const committed = await commitRecipe(offsite, place, recipe, {
    frames: assembly.frames,
    instead: request.instead,
    writers: now.writers,
  });
  await forgetPending(place.cache);
  now.recipes.set(committed.copy.object, committed.sent);
  if (index) now.indexes.set(index.object, index.size);
  const bytes_sent = writer.sent + sent + committed.sent;
  return {
    filename: entry.filename,
    already: false,
    bytes_sent,
    bytes_total: size,
    packs: writer.count,
    inventory: now,
  };
}

/** Packs that are there as they were put, and are not about to go. */
const usablePacks =
  ({ packs, doomed }: Inventory, sparse: ReadonlySet<string>) =>
  ({ sha256, size }: { sha256: string; size: number }): boolean =>
    packs.get(sha256) === size && !doomed.has(sha256) && !sparse.has(sha256);

/** The spans are of bytes whose SHA-256 this is. */
function requireArchive({ entry, sha256: expected }: CopyRequest, sha256: string): void {
  if (expected === undefined || expected === sha256) return;
  throw new BackupError(
    'ARCHIVE_DAMAGED',
    `${entry.filename} is not what its checksum says; it was not copied`,
    {
      why: `its SHA-256 is ${sha256}, and should be ${expected}`,
      hint: `Look at it with \`gofr-backup verify ${entry.filename}\`. Copies of other backups are not concerned.`,
    },
  );
}

/** An archive of the same bytes has the same index: its object is named again. */
async function sendIndex(
  offsite: Offsite,
  { objects, cache }: Place,
  { doomed, indexes }: Inventory,
  { entry, indexPath }: CopyRequest,
  sha256: string,
): Promise<{ index?: IndexObject; sent: number }> {
  const twin = (await cache.copies()).find((copy) => copy.sha256 === sha256);
  const before = twin && (await cache.recipe(twin))?.index;
  if (before && !doomed.has(before.object) && indexes.get(before.object) === before.size)
    return { index: before, sent: 0 };
  const bytes = await readBytes(indexPath);
  if (bytes === undefined) return { sent: 0 };
  const content = await sealed(offsite.encryption, bytes);
  const object = indexObject(entry, offsite.encryption);
  await objects.putProved(object, content, offsite.signal);
  const index = { object, sha256: hash('sha256', content), size: content.length };
  return { index, sent: content.length };
}
