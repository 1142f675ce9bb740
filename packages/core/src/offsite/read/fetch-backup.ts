/** Brings a copy back into a backup directory: archive, checksum and index, as if it had been made there. */
import { link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isErrno, syncDirectory } from '@gofr-backup/posix';
import { ensureOwnDirectory, formatChecksum, stateDirOf } from '../../repository/index.ts';
import { toOffsiteError } from '../store-failure.ts';
import type { ArrivingArchive } from './arriving-archive.ts';
import type { Copies, StoredCopy } from './copies.ts';

/**
 * False: a file of this name is there already, and stays. The archive comes last, by a link: nothing is ever replaced, and a kill
 * leaves no part of it under its name. No lock is needed.
 */
export async function fetchBackup(copies: Copies, copy: StoredCopy, backupDir: string): Promise<boolean> {
  const { tier, filename } = copy.name;
  const place = join(backupDir, tier);
  const stateDir = stateDirOf(backupDir);
  try {
    await mkdir(backupDir, { recursive: true });
    for (const directory of [place, stateDir]) await ensureOwnDirectory(directory);
    const work = await mkdtemp(join(stateDir, 'fetched-'));
    try {
      const file = (suffix: string): string => join(work, `file${suffix}`);
      await copies.fetchArchive(copy, file(''));
      await writeFile(file('.sha256'), formatChecksum(copy.recipe.entry.sha256, filename), { mode: 0o600 });
      await copies.fetchIndex(copy, file('.idx'));
      for (const suffix of ['.sha256', '.idx']) await linkNew(file(suffix), join(place, filename + suffix));
      const isNew = await linkNew(file(''), join(place, filename));
      await syncDirectory(place);
      return isNew;
    } finally {
      await rm(work, { recursive: true, force: true });
    }
  } catch (error) {
    throw toOffsiteError(error, `bringing back ${filename}`);
  }
}

/**
 * The same into a backup directory that is empty and that nobody else knows: the archive has its name at once, and can be read as
 * far as it has come. Undefined: all of it is there, and a verify has to prove what is in it, because it has no index, its
 * backup was never verified, or nobody knows who made it.
 */
export async function beginFetch(
  copies: Copies,
  copy: StoredCopy,
  backupDir: string,
): Promise<ArrivingArchive | undefined> {
  const { tier, filename } = copy.name;
  const path = join(backupDir, tier, filename);
  const { entry } = copy.recipe;
  await mkdir(dirname(path));
  await using left = new AsyncDisposableStack();
  const arriving = left.use(await copies.beginArchive(copy, path));
  await writeFile(`${path}.sha256`, formatChecksum(entry.sha256, filename), { mode: 0o600 });
  const isIndexed = await copies.fetchIndex(copy, `${path}.idx`);
  if (isIndexed && entry.verified && copy.signer !== 'foreign') {
    left.move();
    return arriving;
  }
  await arriving.whole();
  return undefined;
}

async function linkNew(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST', 'ENOENT')) return false;
    throw error;
  }
}
