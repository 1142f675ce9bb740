/** Where a file is, over all backups. No lock is taken, because nothing changes. */
import { type BytePath, displayPath, milliseconds, type OperationContext } from '@gofr-backup/model';
import type { KnownEntry } from '@gofr-backup/archive';
import {
  backupsHere,
  indexedMatches,
  matchingEntries,
  nothingFound,
  type Searched,
  SharedSearch,
} from './listing.ts';
import { pathPattern, type PatternOptions } from './pattern.ts';
import { sha256Of } from './versions.ts';

export interface FoundPath {
  filename: string;
  /** in display form */
  path: string;
  type: KnownEntry['type'];
  size: number;
  /** ISO 8601 UTC */
  mtime: string;
  /** null: no file, or one so large that only its slices are known */
  sha256: string | null;
}

export interface FindOutcome {
  /** newest backup first, in each in the order of the archive */
  matches: FoundPath[];
  /** how many backups were looked into */
  backups: number;
}

export interface FindOptions extends PatternOptions {
  /** absent: the backups here */
  among?: Searched;
  /**
   * For a person who waits: of each path only the newest backup that holds it, no more paths than this, and backups
   * without an index are left out, because they would be read whole.
   */
  paths?: number;
}

/** NO_SUCH_BACKUP when there is no backup, or nothing matches. */
export async function find(
  ctx: OperationContext,
  pattern: string,
  { paths, ...options }: FindOptions = {},
): Promise<FindOutcome> {
  const search = new SharedSearch(pathPattern(ctx.plan, pattern, options));
  const among = options.among ?? (await backupsHere(ctx));
  const matches: FoundPath[] = [];
  const wanted = paths === undefined ? () => true : newPaths(paths);
  const entriesOf = paths === undefined ? matchingEntries : indexedMatches;
  for (const backup of among.backups) {
    ctx.signal.throwIfAborted();
    for (const entry of (await entriesOf(backup, search)) ?? [])
      if (wanted(entry)) matches.push(foundPath(backup.filename, entry));
  }
  if (matches.length === 0) throw nothingFound(pattern, among);
  return { matches, backups: among.backups.length };
}

/** True for the first entry of each path, as long as there are not more than `most` paths. */
function newPaths(most: number): (entry: KnownEntry) => boolean {
  const known = new Set<BytePath>();
  return ({ path }) => known.size < most && known.size < known.add(path).size;
}

const foundPath = (filename: string, entry: KnownEntry): FoundPath => ({
  filename,
  path: displayPath(entry.path),
  type: entry.type,
  size: entry.size,
  mtime: new Date(milliseconds(entry.mtimeNs)).toISOString(),
  sha256: sha256Of(entry),
});
