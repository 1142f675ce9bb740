/** The last step of making an archive: from temporary names to final ones, so that a kill leaves it undone or done. */
import { link, lstat, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupError, type CatalogueEntry, ignoring } from '@gofr-backup/model';
import { openRegular, syncDirectory } from '@gofr-backup/posix';
import { PRIVATE, writeNew } from './atomic.ts';
import { formatChecksum } from './checksum.ts';
import { recordEntry, requireLock } from './catalogue/held-catalogue.ts';
import type { Options } from './catalogue/held-catalogue.ts';
import { factsText } from './catalogue/facts.ts';
import { signingKey } from './catalogue/signing-key.ts';
import { SIDECARS, temporaryName, tierDir } from './layout.ts';
import { inheritOwner } from './owner.ts';

/**
 * The archive (and its .idx, if any) lies under the temporary names of `random`, complete and synced. First the other
 * sidecars join them there; then the archive gets its name, the sidecars theirs, and the manifest its entry. Killed
 * in between, `sweep` gives the sidecars their names, and the `.json` one knows all the entry would.
 */
export async function install(
  options: Options,
  random: string,
  entry: CatalogueEntry,
): Promise<CatalogueEntry> {
  const lock = requireLock(options);
  const directory = tierDir(options.backupDir, entry.tier);
  const temporary = (suffix = '') => join(directory, temporaryName(random, entry.filename) + suffix);
  const final = join(directory, entry.filename);
  if (entry.sha256 !== undefined)
    await writeNew(temporary('.sha256'), formatChecksum(entry.sha256, entry.filename));
  await writeNew(temporary('.json'), factsText(await signingKey(options), entry));
  await inheritOwner(temporary(), temporary('.idx'));
  for (const suffix of ['', '.idx']) await makePrivate(temporary(suffix));
  await lock.check();
  await refuseToReplace(final);
  await rename(temporary(), final);
  await syncDirectory(directory);
  for (const sidecar of SIDECARS) await renameIfThere(temporary(sidecar), final + sidecar);
  await syncDirectory(directory);
  await recordEntry(options, entry);
  return entry;
}

/**
 * Removes the temporary files of `random`. An archive that got its name already stays, and so do its sidecars: `sweep`
 * gives them theirs, for one of them may say that it is incomplete.
 */
export async function discard(
  options: Options,
  random: string,
  entry: Pick<CatalogueEntry, 'filename' | 'tier'>,
) {
  const directory = tierDir(options.backupDir, entry.tier);
  const temporary = join(directory, temporaryName(random, entry.filename));
  if (!(await exists(temporary)) && (await exists(join(directory, entry.filename)))) return;
  for (const suffix of ['', ...SIDECARS]) await rm(temporary + suffix, { force: true });
}

export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(ignoring('ENOENT'))) !== undefined;
}

export async function renameIfThere(from: string, to: string): Promise<void> {
  await rename(from, to).catch(ignoring('ENOENT'));
}
export async function linkIfThere(from: string, to: string): Promise<void> {
  await link(from, to).catch(ignoring('ENOENT'));
}

/** A link to an earlier archive has the mode that a version before gave it. No link is followed. */
async function makePrivate(path: string): Promise<void> {
  const file = await openRegular(path).catch(ignoring('ENOENT', 'EACCES'));
  try {
    await file?.chmod(PRIVATE).catch(ignoring('EPERM', 'EROFS'));
  } finally {
    await file?.close();
  }
}

async function refuseToReplace(path: string): Promise<void> {
  if (!(await exists(path))) return;
  throw new BackupError('FAILED', `${path} appeared while its backup was being made`, {
    why: 'something else writes into the backup directory',
    hint: 'Nothing was replaced. Run the backup again.',
  });
}
