/** The copies in a store, to be looked into by find, history and diff: by their indexes, which are fetched one at a time. */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupIndex, hashedEntries, type KnownEntry } from '@gofr-backup/archive';
import { BackupError } from '@gofr-backup/model';
import { Copies, type Offsite, type StoredCopy } from '../../offsite/index.ts';
import type { Searched, SearchedBackup } from '../search/index.ts';

/** `directory`: empty, with room for one archive whose index is lost; the caller removes it. */
export async function searchCopies(offsite: Offsite, directory: string): Promise<Searched> {
  const copies = await Copies.open(offsite);
  const searched = (copy: StoredCopy): SearchedBackup => ({
    filename: copy.name.filename,
    index: () => indexOf(copies, copy, join(directory, 'index')),
    entries: () => entriesOf(offsite, copies, copy, join(directory, 'archive')),
  });
  return {
    place: `the store ${offsite.name}`,
    backups: copies.copies.map(searched),
    find: (name) => searched(copies.find(name)),
  };
}

async function indexOf(copies: Copies, copy: StoredCopy, path: string): Promise<BackupIndex | undefined> {
  const { size_bytes: size, sha256 } = copy.recipe.entry;
  try {
    if (!(await copies.fetchIndex(copy, path))) return undefined;
    return await BackupIndex.load(path, { size, sha256 });
  } catch (error) {
    if (error instanceof BackupError && error.code === 'ARCHIVE_DAMAGED') return undefined;
    throw error;
  } finally {
    await rm(path, { force: true });
  }
}

async function* entriesOf(
  { signal }: Offsite,
  copies: Copies,
  copy: StoredCopy,
  path: string,
): AsyncGenerator<KnownEntry> {
  try {
    await copies.fetchArchive(copy, path);
    yield* hashedEntries(path, signal);
  } finally {
    await rm(path, { force: true });
  }
}
