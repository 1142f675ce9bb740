/** Where a file is, over all backups. No lock is taken, because nothing changes. */
import { displayPath, milliseconds, type OperationContext } from '@gofr-backup/model';
import type { KnownEntry } from '@gofr-backup/archive';
import { backupsHere, matchingEntries, nothingFound, type Searched, SharedSearch } from './listing.ts';
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

/** `among`: absent, the backups here. NO_SUCH_BACKUP when there is no backup, or nothing matches. */
export async function find(
  ctx: OperationContext,
  pattern: string,
  options: PatternOptions & { among?: Searched } = {},
): Promise<FindOutcome> {
  const search = new SharedSearch(pathPattern(ctx.plan, pattern, options));
  const among = options.among ?? (await backupsHere(ctx));
  const matches: FoundPath[] = [];
  for (const backup of among.backups) {
    ctx.signal.throwIfAborted();
    for (const entry of await matchingEntries(backup, search))
      matches.push(foundPath(backup.filename, entry));
  }
  if (matches.length === 0) throw nothingFound(pattern, among);
  return { matches, backups: among.backups.length };
}

const foundPath = (filename: string, entry: KnownEntry): FoundPath => ({
  filename,
  path: displayPath(entry.path),
  type: entry.type,
  size: entry.size,
  mtime: new Date(milliseconds(entry.mtimeNs)).toISOString(),
  sha256: sha256Of(entry),
});
