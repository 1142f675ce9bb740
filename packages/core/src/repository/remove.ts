import { unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { syncDirectory } from './atomic.ts';
import { changeCatalogue, readCatalogue, requireLock } from './catalogue.ts';
import type { Options } from './install.ts';
import { SIDECARS, tierDir } from './layout.ts';
import { moveToTrash } from './trash.ts';

/**
 * The archive goes first, so that no archive is ever seen without its sidecars; the manifest's entry goes last. A kill
 * in between leaves sidecars and an entry without an archive, which nobody takes for a backup and `sweep` removes.
 */
export async function remove(
  options: Options,
  filename: string,
  { trash = false }: { trash?: boolean } = {},
): Promise<void> {
  const entry = (await readCatalogue(options)).entries.find((one) => one.filename === filename);
  await requireLock(options).check();
  if (entry !== undefined) await (trash ? moveToTrash(options, entry) : deleteFiles(options, entry));
  await changeCatalogue(options, (entries) => entries.filter((one) => one.filename !== filename));
}

async function deleteFiles(
  options: Options,
  entry: { tier: 'daily' | 'weekly' | 'monthly'; filename: string },
) {
  const directory = tierDir(options.backupDir, entry.tier);
  for (const suffix of ['', ...SIDECARS]) await removeFile(join(directory, entry.filename + suffix));
  await syncDirectory(directory);
}

/** A directory that stands in place of a sidecar is none of ours. */
async function removeFile(path: string): Promise<void> {
  await unlink(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT' && error.code !== 'EISDIR') throw error;
  });
}
