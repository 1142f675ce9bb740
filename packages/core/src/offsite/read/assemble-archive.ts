/** Puts an archive together from its packs: the very file, proved by its SHA-256 before it gets its name. */
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Ports } from '@gofr-backup/model';
import { syncDirectory } from '@gofr-backup/posix';
import type { SignedRecipe } from '../recipe/parse.ts';
import { ArrivingArchive } from './arriving-archive.ts';
import type { PackReader } from './pack-reader.ts';

/** `path` must be free. Throws ARCHIVE_DAMAGED, and leaves nothing, when it is not the archive of the recipe. */
export async function assembleArchive(
  recipe: SignedRecipe,
  packs: PackReader,
  path: string,
  of: Ports & { name: string },
): Promise<void> {
  const part = `${path}.part`;
  try {
    {
      await using arriving = await ArrivingArchive.begin(recipe, packs, part, of);
      await arriving.whole();
      await arriving.sync();
    }
    await rename(part, path);
    await syncDirectory(dirname(path));
  } finally {
    await rm(part, { force: true });
  }
}
