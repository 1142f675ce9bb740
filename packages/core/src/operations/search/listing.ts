/** The entries of a backup, by its index alone where it has one. */
import { BackupIndex, hashedEntries, type KnownEntry, PathSearch } from '@gofr-backup/archive';
import {
  type BytePath,
  type CatalogueEntry,
  isInDoubt,
  type OperationContext,
  toBackupError,
} from '@gofr-backup/model';
import type { Repository } from '../context.ts';

/** Undefined, and said, when there is no index of use: then the archive has to be read. */
export async function indexOf(
  ctx: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
): Promise<BackupIndex | undefined> {
  const { size_bytes: size, sha256 } = entry;
  const known = sha256 === undefined || isInDoubt(entry) ? {} : { sha256 };
  try {
    return await BackupIndex.load(repository.indexPathOf(entry), { size, ...known });
  } catch (error) {
    const { message, why } = toBackupError(error, 'Reading the index');
    ctx.logger.warn(
      { backup: entry.filename, why: why || message },
      'no usable index, so all of the archive is read; `gofr-backup verify` makes one',
    );
    return undefined;
  }
}

/** Every entry that matches; of a name that an archive holds twice the last, which tar would leave. */
export async function matchingEntries(
  ctx: OperationContext,
  repository: Repository,
  entry: CatalogueEntry,
  search: SharedSearch,
): Promise<Iterable<KnownEntry>> {
  const found = new Map<BytePath, KnownEntry>();
  const index = await indexOf(ctx, repository, entry);
  if (index) for (const match of index.matching(search.search)) found.set(match.path, match);
  else
    for await (const one of hashedEntries(repository.pathOf(entry), ctx.signal))
      if (search.matches(one.path)) found.set(one.path, one);
  return found.values();
}

/** One search over all backups. */
export class SharedSearch {
  readonly matches: (path: BytePath) => boolean;
  readonly search: PathSearch;

  constructor(matches: (path: BytePath) => boolean) {
    this.matches = matches;
    this.search = new PathSearch(matches);
  }
}
