/** The versions of one path, over all backups. No lock is taken, because nothing changes. */
import { displayPath, milliseconds, type OperationContext } from '@gofr-backup/model';
import { backupsHere, matchingEntries, nothingFound, type Searched, SharedSearch } from './listing.ts';
import { inArchive } from './pattern.ts';
import { pathMatcher } from '@gofr-backup/archive';
import { type Occurrence, sha256Of, type Version, versionsOf } from './versions.ts';

export interface PathVersion {
  sha256: string | null;
  size: number;
  /** ISO 8601 UTC */
  mtime: string;
  /** file names of the oldest and the newest backup of the run that hold it */
  first: string;
  last: string;
  /** how many backups in a row */
  backups: number;
}

export interface HistoryOutcome {
  /** in display form, as it is in the archives */
  path: string;
  /** newest first */
  versions: PathVersion[];
  /** the newest backup has no such path */
  gone: boolean;
}

/** `among`: absent, the backups here. A directory's history is that of its name alone. NO_SUCH_BACKUP when no backup holds the path. */
export async function history(
  ctx: OperationContext,
  path: string,
  { among }: { among?: Searched } = {},
): Promise<HistoryOutcome> {
  const searched = among ?? (await backupsHere(ctx));
  const search = new SharedSearch(pathMatcher(inArchive(ctx.plan, path)));
  const row: Occurrence[] = [];
  for (const backup of searched.backups) {
    ctx.signal.throwIfAborted();
    const [entry] = await matchingEntries(backup, search);
    row.push({ filename: backup.filename, entry });
  }
  const versions = versionsOf(row);
  if (versions.length === 0) throw nothingFound(path, searched);
  return {
    path: displayPath(versions[0]!.entry.path),
    versions: versions.map(pathVersion),
    gone: row[0]?.entry === undefined,
  };
}

const pathVersion = ({ entry, backups }: Version): PathVersion => ({
  sha256: sha256Of(entry),
  size: entry.size,
  mtime: new Date(milliseconds(entry.mtimeNs)).toISOString(),
  first: backups.at(-1)!,
  last: backups[0]!,
  backups: backups.length,
});
