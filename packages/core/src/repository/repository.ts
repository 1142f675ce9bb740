import type { CatalogueEntry, Compression, Tier } from '../catalogue.ts';
import type { Clock, Logger } from '../ports.ts';

export interface RepositoryOptions {
  backupDir: string;
  project: string;
  prefix: string;
  timezone: string;
  clock: Clock;
  logger: Logger;
}

/** A name promised to one run, and the temporary files it may create; `commit` or `discard` ends it. */
export interface Reservation {
  filename: string;
  tier: Tier;
  /** milliseconds since the epoch the name was made from */
  at: number;
  archivePath: string;
  indexPath: string;
}

/** What a run knows of its archive; the rest of the entry follows from the reservation and the file. */
export type CommitFacts = Omit<
  CatalogueEntry,
  'filename' | 'filepath' | 'tier' | 'timestamp' | 'size_bytes' | 'verified' | 'created_at' | 'timezone'
> & { sha256: string };

export interface TrashedBackup {
  filename: string;
  tier: Tier;
  size_bytes: number;
  /** ISO 8601 UTC */
  trashed_at: string;
}

export async function openRepository(options: RepositoryOptions): Promise<Repository> {
  return new Repository(options);
}

type Located = Pick<CatalogueEntry, 'filename' | 'tier'>;

/** The backup directory. Reading needs nothing; every method that writes throws unless the lock is held. */
export class Repository {
  readonly backupDir: string;
  /** BACKUP_DIR/.gofr-backup, 0700: lock, journals, embedded redis, trash */
  readonly stateDir: string;

  constructor(options: RepositoryOptions) {
    this.backupDir = options.backupDir;
    this.stateDir = options.backupDir;
  }

  /** Newest first. Directories are the truth, the manifest enriches. */
  catalogue(): Promise<CatalogueEntry[]> {
    throw new Error('not yet');
  }
  /** By file name, or the newest good one (else the newest complete one) for `latest`; NO_SUCH_BACKUP. */
  find(_name: string): Promise<CatalogueEntry> {
    throw new Error('not yet');
  }
  /** Absolute path of the archive here; `filepath` of an entry is never followed. */
  pathOf(_entry: Located): string {
    throw new Error('not yet');
  }
  indexPathOf(_entry: Located): string {
    throw new Error('not yet');
  }
  checksumPathOf(_entry: Located): string {
    throw new Error('not yet');
  }
  /** Bytes on disk of these backups' archives, hard links counted once. */
  diskBytes(_entries: readonly Located[]): Promise<number> {
    throw new Error('not yet');
  }
  reserve(_request: { tier: Tier; at: number; compression: Compression }): Promise<Reservation> {
    throw new Error('not yet');
  }
  commit(_reservation: Reservation, _facts: CommitFacts): Promise<CatalogueEntry> {
    throw new Error('not yet');
  }
  discard(_reservation: Reservation): Promise<void> {
    throw new Error('not yet');
  }
  record(_entry: CatalogueEntry): Promise<void> {
    throw new Error('not yet');
  }
  update(_filename: string, _patch: Partial<CatalogueEntry>): Promise<CatalogueEntry> {
    throw new Error('not yet');
  }
  promote(_entry: CatalogueEntry, _tier: Tier): Promise<CatalogueEntry> {
    throw new Error('not yet');
  }
  /** `trash`: moved aside instead of deleted, until `emptyTrash`. */
  remove(_entry: Located, _options?: { trash?: boolean }): Promise<void> {
    throw new Error('not yet');
  }
  trashed(): Promise<TrashedBackup[]> {
    throw new Error('not yet');
  }
  undelete(_filename: string): Promise<CatalogueEntry> {
    throw new Error('not yet');
  }
  emptyTrash(_days: number): Promise<string[]> {
    throw new Error('not yet');
  }
  /** Removes what a killed run left; answers the names. */
  sweep(): Promise<string[]> {
    throw new Error('not yet');
  }
  /** Writes the manifest anew from the directories; answers the catalogue. */
  rebuild(): Promise<CatalogueEntry[]> {
    throw new Error('not yet');
  }
}
