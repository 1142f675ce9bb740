/** The entries of a backup, by its index alone where it has one. */
import { BackupIndex, hashedEntries, type KnownEntry, PathSearch } from '@gofr-backup/archive';
import {
  BackupError,
  type BytePath,
  type CatalogueEntry,
  formatCount,
  isInDoubt,
  type OperationContext,
  toBackupError,
} from '@gofr-backup/model';
import { type Repository, repositoryOf } from '../context.ts';

/** The backups that are looked into: those here, or the copies in a store. */
export interface Searched {
  /** for messages */
  place: string;
  /** newest first */
  backups: readonly SearchedBackup[];
  /** by file name, or `latest`; throws NO_SUCH_BACKUP */
  find(name: string): SearchedBackup | Promise<SearchedBackup>;
}

export interface SearchedBackup {
  filename: string;
  /** of the archive, where it is known */
  sha256?: string | undefined;
  /** undefined: there is none of use, and all of the archive has to be read */
  index(): Promise<BackupIndex | undefined>;
  /** read from the archive itself */
  entries(): AsyncIterable<KnownEntry>;
}

/** Those of the plan's backup directory. */
export async function backupsHere(ctx: OperationContext): Promise<Searched> {
  const repository = await repositoryOf(ctx);
  const searched = (entry: CatalogueEntry): SearchedBackup => ({
    filename: entry.filename,
    sha256: entry.sha256,
    index: () => indexOf(ctx, repository, entry),
    entries: () => hashedEntries(repository.pathOf(entry), ctx.signal),
  });
  return {
    place: ctx.plan.backupDir,
    backups: (await repository.catalogue()).map(searched),
    find: async (name) => searched(await repository.find(name)),
  };
}

async function indexOf(
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

/** The matching entries by the index alone; undefined when there is no index of use. */
export async function indexedMatches(
  backup: SearchedBackup,
  search: SharedSearch,
): Promise<Iterable<KnownEntry> | undefined> {
  const index = await backup.index();
  return index && lastOfEach(index.matching(search.search));
}

const lastOfEach = (entries: Iterable<KnownEntry>): Iterable<KnownEntry> =>
  new Map(Iterator.from(entries).map((entry) => [entry.path, entry])).values();

/** Every entry that matches; of a name that an archive holds twice the last, which tar would leave. */
export async function matchingEntries(
  backup: SearchedBackup,
  search: SharedSearch,
): Promise<Iterable<KnownEntry>> {
  const indexed = await indexedMatches(backup, search);
  if (indexed) return indexed;
  const found = new Map<BytePath, KnownEntry>();
  for await (const one of backup.entries()) if (search.matches(one.path)) found.set(one.path, one);
  return found.values();
}

export function nothingFound(what: string, { backups, place }: Searched): BackupError {
  if (backups.length === 0)
    return new BackupError('NO_SUCH_BACKUP', 'There is no backup to look into', {
      why: `${place} holds none`,
    });
  return new BackupError('NO_SUCH_BACKUP', `Nothing named ${what} is in any backup`, {
    why: `${formatCount(backups.length, 'backup was', 'backups were')} searched by name`,
    hint: "Try a part of the name, e.g. gofr-backup find --ignore-case '*part*'.",
  });
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
