import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type CatalogueEntry, ignoring } from '@gofr-backup/model';
import { forgetEntry, knownCatalogue, requireLock } from './catalogue/held-catalogue.ts';
import type { Options } from './catalogue/held-catalogue.ts';
import { SIDECARS, tierDir } from './layout.ts';
import { moveToTrash } from './trash.ts';

/**
 * The archive goes first, so that no archive is ever seen without its sidecars; the manifest's entry goes last, at
 * the end of the step, after the folder was synced. A kill in between leaves sidecars and an entry without an
 * archive. They count as no backup, and `sweep` removes them.
 */
export async function remove(
  options: Options,
  filename: string,
  { trash = false }: { trash?: boolean } = {},
): Promise<void> {
  const entry = (await knownCatalogue(options)).entry(filename);
  await requireLock(options).check();
  if (entry === undefined) return;
  await (trash ? moveToTrash(options, entry) : deleteFiles(options, entry));
  await forgetEntry(options, entry);
}

async function deleteFiles(options: Options, entry: CatalogueEntry): Promise<void> {
  const directory = tierDir(options.backupDir, entry.tier);
  for (const suffix of ['', ...SIDECARS]) await removeFile(join(directory, entry.filename + suffix));
}

/** Removes a file. A directory in place of a sidecar stays: this program did not make it. */
async function removeFile(path: string): Promise<void> {
  await unlink(path).catch(ignoring('ENOENT', 'EISDIR'));
}
