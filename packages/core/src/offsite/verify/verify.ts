/** Looks whether a store still has what its recipes name, and reads a part of the packs back. */
import { formatCount, type VerifyOutcome } from '@gofr-backup/model';
import { isoUtc } from '../../repository/index.ts';
import type { Cache, Proofs } from '../cache/cache.ts';
import { cacheOf } from '../cache/cache-of.ts';
import { Objects } from '../objects.ts';
import type { Inventory } from '../inventory.ts';
import { type Look, lookAt } from '../look.ts';
import type { Offsite } from '../offsite.ts';
import type { Copies, StoredCopy } from '../read/copies.ts';
import type { Unread } from '../read/recipes.ts';
import { toOffsiteError } from '../store-failure.ts';

export interface VerifyStoreRequest {
  /** the share of the packs, 0 to 1, that is read back: those that were not read for longest */
  share: number;
  /** what was just seen, with every recipe read anew */
  look?: Look;
}

export interface VerifyStoreOutcome {
  /** a result for each copy; damage is an answer, not an error */
  results: VerifyOutcome['results'];
  /** recipes that this host cannot read, which says nothing about them */
  closed: string[];
  packs: number;
  packs_read: number;
  bytes_read: number;
}

type Result = VerifyStoreOutcome['results'][number];

export async function verifyStore(
  offsite: Offsite,
  request: VerifyStoreRequest,
): Promise<VerifyStoreOutcome> {
  try {
    return await verify(offsite, request);
  } catch (error) {
    throw toOffsiteError(error, `verifying the store ${offsite.name}`);
  }
}

async function verify(offsite: Offsite, { share, look }: VerifyStoreRequest): Promise<VerifyStoreOutcome> {
  const cache = await cacheOf(offsite, new Objects(offsite));
  const { copies, inventory } = look ?? (await lookAt(offsite, { anew: true }));
  await askForMissing(copies, inventory);
  const proofs = await cache.proofs();
  const read = await readPacks(offsite, copies, inventory, { proofs, share });
  const results = copies.copies.map((copy) => resultOf(copy, inventory, proofs));
  const now = isoUtc(offsite.clock.now());
  copies.copies.forEach(({ object }, n) => {
    const before = proofs.copies[object];
    proofs.copies[object] = { ...before, listed_at: now, ok: results[n]!.ok };
  });
  for (const object of Object.keys(proofs.copies))
    if (!inventory.recipes.has(object)) delete proofs.copies[object];
  await cache.putProofs(proofs);
  const damaged = copies.unread.filter(({ closed }) => !closed).map(unreadResult);
  return {
    results: [...results, ...damaged, ...(await lostResults(cache, inventory))],
    closed: copies.unread.filter(({ closed }) => closed).map(({ object }) => object),
    packs: inventory.packs.size,
    ...read,
  };
}

/** A pack that came while the list was made may not be in it. */
async function askForMissing({ copies, packs: reader }: Copies, { packs }: Inventory): Promise<void> {
  const named = new Set(copies.flatMap(({ recipe }) => recipe.packs.map(({ sha256 }) => sha256)));
  for (const sha256 of named) {
    if (packs.has(sha256)) continue;
    const size = await reader.size({ sha256 });
    if (size !== undefined) packs.set(sha256, size);
  }
}

/** The packs that were longest unread, so that repeated calls read all of them in turn. What is wrong is remembered. */
async function readPacks(
  { clock, signal, progress }: Offsite,
  { packs: reader }: Copies,
  { packs }: Inventory,
  { proofs, share }: { proofs: Proofs; share: number },
): Promise<{ packs_read: number; bytes_read: number }> {
  const lastRead = (sha256: string): number => proofs.packs[sha256] ?? 0;
  const longest = [...packs.keys()].sort((a, b) => lastRead(a) - lastRead(b));
  const chosen = longest.slice(0, Math.ceil(packs.size * Math.min(1, Math.max(0, share))));
  const damaged = new Set(proofs.damaged.filter((sha256) => packs.has(sha256)));
  let bytes = 0;
  for (const sha256 of chosen) {
    signal.throwIfAborted();
    if ((await reader.problem({ sha256 })) === undefined) damaged.delete(sha256);
    else damaged.add(sha256);
    proofs.packs[sha256] = clock.now();
    bytes += packs.get(sha256)!;
    progress({ phase: 'verify', bytes, files: 0 });
  }
  for (const sha256 of Object.keys(proofs.packs)) if (!packs.has(sha256)) delete proofs.packs[sha256];
  proofs.damaged = [...damaged];
  return { packs_read: chosen.length, bytes_read: bytes };
}

function resultOf({ recipe }: StoredCopy, { packs, indexes }: Inventory, { damaged }: Proofs): Result {
  const wrong = new Set(damaged);
  const missing = recipe.packs.filter(({ sha256 }) => !packs.has(sha256));
  const other = recipe.packs.filter(({ sha256, size }) => packs.has(sha256) && packs.get(sha256) !== size);
  const changed = recipe.packs.filter(({ sha256 }) => wrong.has(sha256));
  const { index } = recipe;
  const problems = [
    ...told(missing, 'is missing', 'are missing'),
    ...told(other, 'has another length', 'have another length'),
    ...told(changed, 'is not what its name says', 'are not what their names say'),
  ];
  const notes =
    index && indexes.get(index.object) !== index.size
      ? ['its index is lost; the copy is whole without it']
      : [];
  return resultFor(recipe.entry.filename, problems, notes);
}

function resultFor(filename: string, problems: string[], notes: string[] = []): Result {
  const ok = problems.length === 0;
  return { filename, ok, problems: [...problems, ...notes], ...(ok ? {} : { code: 'ARCHIVE_DAMAGED' }) };
}

function told(packs: readonly { sha256: string }[], one: string, many: string): string[] {
  const [first] = packs;
  if (first === undefined) return [];
  return [`${formatCount(packs.length, 'pack')} ${packs.length === 1 ? one : many}: ${first.sha256}`];
}

const unreadResult = ({ object, name, why }: Unread): Result => resultFor(name?.filename ?? object, [why]);

async function lostResults(cache: Cache, { recipes, trash }: Inventory): Promise<Result[]> {
  const inTrash = new Set([...trash.values()].flatMap((one) => (one.kind === 'recipe' ? [one.recipe] : [])));
  return (await cache.copies())
    .filter(({ object, trashed }) => !trashed && !recipes.has(object) && !inTrash.has(object))
    .map(({ filename }) => resultFor(filename, ['its recipe vanished from the store']));
}

/** A drill is recorded beside what the list says; the time is that of one that went well. */
export async function recordDrill(offsite: Offsite, { object }: StoredCopy, ok: boolean): Promise<void> {
  const cache = await cacheOf(offsite, new Objects(offsite));
  const proofs = await cache.proofs();
  const at = isoUtc(offsite.clock.now());
  proofs.copies[object] = { ...proofs.copies[object], ...(ok && { drilled_at: at }), ok };
  await cache.putProofs(proofs);
}
