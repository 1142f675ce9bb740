import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import type { CatalogueEntry, Compression, Status, Tier } from '../catalogue.ts';
import { BackupError } from '../errors.ts';
import { untilNow } from '../moment.ts';
import type { Clock, Logger } from '../ports.ts';
import { changeCatalogue, readCatalogue } from './catalogue.ts';
import { discard, install, replaced } from './install.ts';
import { stateDirOf, tierDir } from './layout.ts';
import { isoUtc, prefixOf, timestampAt } from './names.ts';
import type { ForeignBackups } from './ownership.ts';
import { pin, unpin } from './pin.ts';
import { promote } from './promote.ts';
import { remove } from './remove.ts';
import { reserve } from './reserve.ts';
import type { Reservation } from './reserve.ts';
import { sweep } from './sweep.ts';
import { emptyTrash, listTrash, undelete } from './trash.ts';
import type { TrashedBackup } from './trash.ts';

export interface RepositoryOptions {
  /** absolute */
  backupDir: string;
  project: string;
  prefix: string;
  timezone: string;
  clock: Clock;
  logger: Logger;
  /** backups are not read back after they are made: for `latest`, an unverified one is as good as a verified one */
  unverifiedIsGood?: boolean;
}

/** What a run knows of its archive; the rest of the entry follows from the reservation and the file. */
export type CommitFacts = Omit<
  CatalogueEntry,
  'filename' | 'filepath' | 'tier' | 'timestamp' | 'size_bytes' | 'verified' | 'created_at' | 'timezone'
> & { sha256: string };

export interface RepositorySurvey {
  /** newest first */
  entries: CatalogueEntry[];
  foreign: ForeignBackups[];
  /** the project that wrote the manifest last */
  writer?: string;
}

type Located = Pick<CatalogueEntry, 'filename' | 'tier'>;

/** Creates nothing: reading works on a directory that is mounted read-only, or is not there yet. */
export async function openRepository(options: RepositoryOptions): Promise<Repository> {
  return new Repository(options);
}

/** The backup directory. Reading needs nothing; every method that writes throws unless the lock is held. */
export class Repository {
  readonly backupDir: string;
  /** BACKUP_DIR/.gofr-backup, 0700: lock, journals, embedded redis, trash */
  readonly stateDir: string;
  readonly prefix: string;
  readonly #options: RepositoryOptions & { stateDir: string };

  constructor(options: RepositoryOptions) {
    this.backupDir = options.backupDir;
    this.stateDir = stateDirOf(options.backupDir);
    this.prefix = options.prefix;
    this.#options = { ...options, stateDir: this.stateDir };
  }

  /** Newest first. Directories are the truth, the manifest enriches. */
  async catalogue(): Promise<CatalogueEntry[]> {
    return (await readCatalogue(this.#options)).entries;
  }

  /** The catalogue, and whose backups lie in the directory beside ours. */
  async survey(): Promise<RepositorySurvey> {
    const { entries, foreign, manifest } = await readCatalogue(this.#options);
    const { project } = manifest;
    return { entries, foreign, ...(project === undefined ? {} : { writer: project }) };
  }

  /** By file name, or what `latest` means; NO_SUCH_BACKUP. */
  async find(name: string): Promise<CatalogueEntry> {
    const survey = await this.survey();
    const { clock, unverifiedIsGood } = this.#options;
    const present = untilNow(survey.entries, clock.now());
    const found =
      name === 'latest'
        ? latestOf(present, unverifiedIsGood)
        : survey.entries.find(({ filename }) => filename === name);
    if (found) return found;
    const future = name === 'latest' ? survey.entries.length - present.length : 0;
    throw this.#notFound(name, survey, future);
  }

  #notFound(name: string, { entries, foreign }: RepositorySurvey, future: number): BackupError {
    const message = name === 'latest' ? 'There is no good backup' : `There is no backup ${name}`;
    const others =
      entries.length === 0 ? foreign[0] : foreign.find(({ prefix }) => prefix === prefixOf(name));
    if (others !== undefined)
      return new BackupError('NO_SUCH_BACKUP', message, {
        why: `backups of the prefix ${others.prefix} are not this project's, whose prefix is ${this.prefix}`,
        hint: `If they are yours, set PREFIX=${others.prefix} for this command.`,
      });
    const dated = future === 0 ? '' : `; ${future} dated in the future count for nothing, but can be named`;
    return new BackupError('NO_SUCH_BACKUP', message, {
      why: `${this.backupDir} holds ${entries.length} backups, but not this one${dated}`,
    });
  }

  /** Absolute path of the archive here; `filepath` of an entry is never followed. */
  pathOf(entry: Located): string {
    return join(tierDir(this.backupDir, entry.tier), entry.filename);
  }
  indexPathOf(entry: Located): string {
    return `${this.pathOf(entry)}.idx`;
  }
  checksumPathOf(entry: Located): string {
    return `${this.pathOf(entry)}.sha256`;
  }

  /** Groups of names of one and the same file: hard links, from promotion or an unchanged source. */
  async sharing(entries: readonly Located[]): Promise<Map<string, string[]>> {
    const { archives } = await readCatalogue(this.#options);
    return Map.groupBy(
      entries.map(({ filename }) => filename),
      (filename) => archives.get(filename)?.identity ?? filename,
    );
  }

  /** Bytes on disk of these backups' archives, hard links counted once. */
  async diskBytes(entries: readonly Located[]): Promise<number> {
    const sizes = new Map<string, number>();
    for (const entry of entries) {
      const status = await lstat(this.pathOf(entry), { bigint: true }).catch(() => undefined);
      if (status) sizes.set(`${status.dev}:${status.ino}`, Number(status.size));
    }
    return [...sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  /** A free name of the time `at` (milliseconds since the epoch). */
  reserve(request: { tier: Tier; at: number; compression: Compression }): Promise<Reservation> {
    return reserve(this.#options, request);
  }

  /** The archive written to the reserved temporary name, complete and synced, becomes a backup. */
  async commit(reservation: Reservation, facts: CommitFacts): Promise<CatalogueEntry> {
    const { filename, tier, at, random } = reservation;
    const { size } = await lstat(reservation.archivePath);
    const { timezone } = this.#options;
    return install(this.#options, random, {
      filename,
      filepath: this.pathOf(reservation),
      tier,
      timestamp: timestampAt(at, timezone),
      size_bytes: size,
      verified: false,
      created_at: isoUtc(at),
      timezone,
      ...facts,
    });
  }

  /** Removes the reserved temporary files. */
  discard(reservation: Reservation): Promise<void> {
    return discard(this.#options, reservation.random, reservation);
  }

  async record(entry: CatalogueEntry): Promise<void> {
    await changeCatalogue(this.#options, (entries) => replaced(entries, entry));
  }

  /** NO_SUCH_BACKUP when its archive is gone. */
  async update(filename: string, patch: Partial<CatalogueEntry>): Promise<CatalogueEntry> {
    const entries = await changeCatalogue(this.#options, (all) =>
      all.map((entry) => (entry.filename === filename ? { ...entry, ...patch } : entry)),
    );
    const updated = entries.find((entry) => entry.filename === filename);
    if (updated) return updated;
    throw new BackupError('NO_SUCH_BACKUP', `There is no backup ${filename}`, {
      why: 'its archive is not in the backup directory any more',
    });
  }

  /** The same bytes in another tier; answers the new backup. Idempotent. */
  promote(entry: CatalogueEntry, tier: Tier): Promise<CatalogueEntry> {
    return promote(this.#options, entry, tier);
  }

  /** `trash`: moved aside instead of deleted, until `emptyTrash`. Idempotent. */
  remove(entry: Located, options: { trash?: boolean } = {}): Promise<void> {
    return remove(this.#options, entry.filename, options);
  }

  trashed(): Promise<TrashedBackup[]> {
    return listTrash(this.#options);
  }
  /** NO_SUCH_BACKUP. Never pruned again, until `unpin`. */
  pin(filename: string): Promise<CatalogueEntry> {
    return pin(this.#options, filename);
  }
  unpin(filename: string): Promise<CatalogueEntry> {
    return unpin(this.#options, filename);
  }
  /** Pins what it brings back. */
  undelete(filename: string): Promise<CatalogueEntry> {
    return undelete(this.#options, filename);
  }
  emptyTrash(days: number): Promise<string[]> {
    return emptyTrash(this.#options, days);
  }

  /** Finishes or removes what a killed run left; answers the paths removed. */
  sweep(): Promise<string[]> {
    return sweep(this.#options);
  }

  /** Writes the manifest anew from the directories; answers the catalogue. */
  rebuild(): Promise<CatalogueEntry[]> {
    return changeCatalogue(this.#options, (entries) => entries);
  }
}

/**
 * The newest good one, else the newest unverified one. What was saved before a restore comes last: the same command
 * given twice must not bring back what the first had replaced.
 */
function latestOf(entries: CatalogueEntry[], unverifiedIsGood = false): CatalogueEntry | undefined {
  const ranks: Status[][] = unverifiedIsGood ? [['good', 'unverified']] : [['good'], ['unverified']];
  const asked = entries.filter(({ trigger }) => trigger !== 'pre-restore');
  for (const among of [asked, entries])
    for (const wanted of ranks) {
      const found = among.find(({ status }) => wanted.includes(status));
      if (found) return found;
    }
  return undefined;
}
