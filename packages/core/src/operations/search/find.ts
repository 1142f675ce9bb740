/** Where a file is, over all backups. No lock is taken, because nothing changes. */
import {
  BackupError,
  displayPath,
  formatCount,
  milliseconds,
  type OperationContext,
} from '@gofr-backup/model';
import type { KnownEntry } from '@gofr-backup/archive';
import { repositoryOf } from '../context.ts';
import { matchingEntries, SharedSearch } from './listing.ts';
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

/** NO_SUCH_BACKUP when there is no backup, or nothing matches. */
export async function find(
  ctx: OperationContext,
  pattern: string,
  options: PatternOptions = {},
): Promise<FindOutcome> {
  const repository = await repositoryOf(ctx);
  const search = new SharedSearch(pathPattern(ctx.plan, pattern, options));
  const catalogue = await repository.catalogue();
  const matches: FoundPath[] = [];
  for (const backup of catalogue) {
    ctx.signal.throwIfAborted();
    for (const entry of await matchingEntries(ctx, repository, backup, search))
      matches.push(foundPath(backup.filename, entry));
  }
  if (matches.length === 0) throw nothingFound(pattern, catalogue.length, ctx.plan.backupDir);
  return { matches, backups: catalogue.length };
}

const foundPath = (filename: string, entry: KnownEntry): FoundPath => ({
  filename,
  path: displayPath(entry.path),
  type: entry.type,
  size: entry.size,
  mtime: new Date(milliseconds(entry.mtimeNs)).toISOString(),
  sha256: sha256Of(entry),
});

export function nothingFound(what: string, backups: number, backupDir: string): BackupError {
  if (backups === 0)
    return new BackupError('NO_SUCH_BACKUP', 'There is no backup to look into', {
      why: `${backupDir} holds none`,
    });
  return new BackupError('NO_SUCH_BACKUP', `Nothing named ${what} is in any backup`, {
    why: `${formatCount(backups, 'backup was', 'backups were')} searched by name`,
    hint: "Try a part of the name, e.g. gofr-backup find --ignore-case '*part*'.",
  });
}
