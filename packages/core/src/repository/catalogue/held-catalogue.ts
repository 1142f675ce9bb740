/**
 * The catalogue that the holder of the lock keeps. It is read once, because no other process writes while the lock is
 * held, and written once a step. Directories are the truth: after a kill before the write, `sweep` mends the
 * manifest.
 */
import type { CatalogueEntry } from '@gofr-backup/model';
import { syncDirectory } from '@gofr-backup/posix';
import { readCatalogue, writeCatalogue } from './catalogue.ts';
import type { ReadCatalogue } from './catalogue.ts';
import type { KnownCatalogue } from './known-catalogue.ts';
import type { HeldLock } from '../lock/held-lock.ts';
import { tierDir } from '../layout.ts';
import { heldLock } from '../lock/lock.ts';
import type { LockHolder } from '../lock/lock-file.ts';
import type { RepositoryOptions } from '../options.ts';
import { findArchive, scanTiers } from './scan.ts';
import type { Scan } from './scan.ts';

export type Options = RepositoryOptions & { stateDir: string };

interface Held {
  read: Promise<ReadCatalogue> | undefined;
  /** the manifest on disk does not say what is known */
  changed: boolean;
  /** folders from which files went that are not synced yet */
  unsynced: Set<string>;
  /** steps under way */
  steps: number;
}

/** Catalogues by lock holder: an operation inside another one's lock shares its catalogue. */
const ALL_HELD = new WeakMap<LockHolder, Held>();

function heldBy({ holder }: HeldLock): Held {
  const held = ALL_HELD.get(holder) ?? { read: undefined, changed: false, unsynced: new Set(), steps: 0 };
  ALL_HELD.set(holder, held);
  return held;
}

export function requireLock(options: { stateDir: string }): HeldLock {
  const lock = heldLock(options);
  if (lock === undefined) throw new Error('the backup directory is only changed by who holds its lock');
  return lock;
}

/** The catalogue kept under the lock; without a lock, read from the disk. */
export async function knownCatalogue(options: Options): Promise<KnownCatalogue> {
  const lock = heldLock(options);
  if (lock === undefined) return (await readAnew(options)).known;
  const held = heldBy(lock);
  return (await (held.read ?? keep(held, readAnew(options)))).known;
}

const readAnew = async (options: Options, scan?: Scan): Promise<ReadCatalogue> =>
  readCatalogue(options, scan ?? (await scanTiers(options.backupDir)));

/** Keeps the promise, so that two callers at once read once. A failure is not kept. */
function keep(held: Held, read: Promise<ReadCatalogue>): Promise<ReadCatalogue> {
  held.read = read;
  read.catch(() => (held.read = undefined));
  return read;
}

/** Reads it anew, `scan` being what was just found; the manifest is written when it says anything else, or always. */
export async function refreshCatalogue(
  options: Options,
  { scan, rewrite = false }: { scan?: Scan; rewrite?: boolean },
): Promise<KnownCatalogue> {
  const lock = requireLock(options);
  await saveCatalogue(options);
  const { known, outdated } = await keep(heldBy(lock), readAnew(options, scan));
  if (rewrite || outdated) await changed(options, lock);
  return known;
}

/** Records `entry` as it is now; false when its archive is gone: directories are the truth. */
export async function recordEntry(options: Options, entry: CatalogueEntry): Promise<boolean> {
  const lock = requireLock(options);
  const known = await knownCatalogue(options);
  const archive = await findArchive(options.backupDir, entry.tier, entry.filename);
  if (archive === undefined) known.drop(entry.filename);
  else known.put(entry, archive);
  await changed(options, lock);
  return archive !== undefined;
}

/** Adds `patch` to what is known of backups that were just seen to be there. */
export async function markEntries(
  options: Options,
  filenames: readonly string[],
  patch: Partial<CatalogueEntry>,
): Promise<void> {
  const lock = requireLock(options);
  const known = await knownCatalogue(options);
  for (const filename of filenames) {
    const [entry, archive] = [known.entry(filename), known.archive(filename)];
    if (entry !== undefined && archive !== undefined) known.put({ ...entry, ...patch }, archive);
  }
  if (filenames.length > 0) await changed(options, lock);
}

/** Forgets a backup whose files went from its folder. */
export async function forgetEntry(options: Options, { filename, tier }: CatalogueEntry): Promise<void> {
  const lock = requireLock(options);
  (await knownCatalogue(options)).drop(filename);
  heldBy(lock).unsynced.add(tierDir(options.backupDir, tier));
  await changed(options, lock);
}

/** Runs one step of an operation, at whose end the manifest is written once; also when the step fails. */
export async function inStep<T>(options: Options, work: () => Promise<T>): Promise<T> {
  const held = heldBy(requireLock(options));
  held.steps++;
  try {
    const result = await work();
    await saveCatalogue(options);
    return result;
  } catch (error) {
    await saveCatalogue(options).catch((failure: unknown) => {
      options.logger.warn({ error: String(failure) }, 'the manifest could not be written');
    });
    throw error;
  } finally {
    held.steps--;
  }
}

/** What was changed so far is on the disk after this. */
export async function saveCatalogue(options: Options): Promise<void> {
  const lock = requireLock(options);
  const held = heldBy(lock);
  if (!held.changed || lock.readOnly) return;
  const read = await (held.read ?? keep(held, readAnew(options)));
  for (const directory of held.unsynced) await syncDirectory(directory);
  held.unsynced.clear();
  await writeCatalogue(options, read, lock.check);
  const { known, others } = read;
  held.read = Promise.resolve({ known, others, outdated: false });
  held.changed = false;
}

async function changed(options: Options, lock: HeldLock): Promise<void> {
  const held = heldBy(lock);
  held.changed = true;
  if (held.steps === 0) await saveCatalogue(options);
}
