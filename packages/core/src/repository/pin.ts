/**
 * A pinned backup is kept for ever. The mark stands in the manifest, and in the `.json` sidecar, which outlives a
 * lost manifest; as does the mark of a damaged one.
 */
import { join } from 'node:path';
import { BackupError, type CatalogueEntry } from '@gofr-backup/model';
import { writeAtomically } from './atomic.ts';
import { knownCatalogue, recordEntry, requireLock } from './catalogue/held-catalogue.ts';
import type { Options } from './catalogue/held-catalogue.ts';
import { factsText } from './catalogue/facts.ts';
import { signingKey } from './catalogue/signing-key.ts';
import { tierDir } from './layout.ts';

export const pin = (options: Options, filename: string): Promise<CatalogueEntry> =>
  mark(options, filename, (entry) => ({ ...entry, pinned: true }));

export const unpin = (options: Options, filename: string): Promise<CatalogueEntry> =>
  mark(options, filename, unpinned);

/** The same without the mark: a copy in another tier is a backup of its own. */
export function unpinned({ pinned: _, ...entry }: CatalogueEntry): CatalogueEntry {
  return entry;
}

async function mark(
  options: Options,
  filename: string,
  change: (entry: CatalogueEntry) => CatalogueEntry,
): Promise<CatalogueEntry> {
  const found = (await knownCatalogue(options)).entry(filename);
  if (found === undefined)
    throw new BackupError('NO_SUCH_BACKUP', `There is no backup ${filename}`, {
      why: 'no archive of this name is in the backup directory',
    });
  const marked = change(found);
  await writeMark(options, tierDir(options.backupDir, marked.tier), marked);
  await recordEntry(options, marked);
  return marked;
}

/** A verdict that is lost with the manifest would let a backup count that is known to be damaged. */
export async function markDamage(options: Options, entry: CatalogueEntry): Promise<void> {
  if (requireLock(options).readOnly) return;
  const directory = tierDir(options.backupDir, entry.tier);
  await writeMark(options, directory, entry).catch((error: unknown) => {
    if (error instanceof BackupError) throw error;
    options.logger.warn(
      { backup: entry.filename, err: error },
      'what was found could not be written beside the archive',
    );
  });
}

/** Into the sidecar in `directory`, where the archive lies. */
export async function writeMark(options: Options, directory: string, entry: CatalogueEntry): Promise<void> {
  const { check: beforeRename } = requireLock(options);
  const facts = factsText(await signingKey(options), entry);
  await writeAtomically(join(directory, `${entry.filename}.json`), facts, { beforeRename });
}
