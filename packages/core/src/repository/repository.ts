import { lstat } from 'node:fs/promises';
import { join } from 'node:path';
import {
  BackupError,
  type CatalogueEntry,
  type Compression,
  countsAsGood,
  formatCount,
  formatTime,
  formatTimestamp,
  madeAt,
  shellWord,
  type Tier,
  untilNow,
} from '@gofr-backup/model';
import {
  inStep,
  knownCatalogue,
  markEntries,
  recordEntry,
  refreshCatalogue,
  saveCatalogue,
} from './catalogue/held-catalogue.ts';
import { discard, install } from './install.ts';
import type { KnownCatalogue } from './catalogue/known-catalogue.ts';
import { signingKey } from './catalogue/signing-key.ts';
import type { SigningKey } from './catalogue/signing-key.ts';
import { stateDirOf, tierDir } from './layout.ts';
import { isoUtc, prefixOf, timestampAt } from './names.ts';
import type { RepositoryOptions } from './options.ts';
import { markDamage, pin, unpin } from './pin.ts';
import { promote } from './promote.ts';
import { remove } from './remove.ts';
import { reserve } from './reserve.ts';
import type { Reservation } from './reserve.ts';
import { sweep } from './sweep.ts';
import { emptyTrash, giveUpTrash, listTrash, undelete } from './trash.ts';
import type { TrashedBackup } from './trash.ts';

/** The facts that a run knows about its archive. The rest of the entry follows from the reservation and the file. */
export type CommitFacts = Omit<
  CatalogueEntry,
  'filename' | 'filepath' | 'tier' | 'timestamp' | 'size_bytes' | 'verified' | 'created_at' | 'timezone'
> & { sha256: string };

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
    return (await this.known()).list();
  }

  /**
   * The catalogue, the archives' files, and the other projects' backups beside them. Read once under the lock,
   * otherwise at every call.
   */
  known(): Promise<KnownCatalogue> {
    return knownCatalogue(this.#options);
  }

  /**
   * By file name, or what `latest` means: NO_SUCH_BACKUP. `before`: what `latest` meant at that time, in milliseconds since
   * the epoch.
   */
  async find(name: string, { before }: { before?: number } = {}): Promise<CatalogueEntry> {
    const known = await this.known();
    const { clock, unverifiedIsGood } = this.#options;
    const { timezone } = this.#options;
    const present = untilNow(known.list(), clock.now()).filter(
      (entry) => before === undefined || madeAt(entry, timezone) < before,
    );
    const found = name === 'latest' ? latestOf(present, unverifiedIsGood) : known.entry(name);
    if (found) return found;
    if (before !== undefined) throw this.#nothingBefore(before, known);
    const future = name === 'latest' ? known.list().length - present.length : 0;
    throw this.#notFound(name, known, future);
  }

  #nothingBefore(before: number, known: KnownCatalogue): BackupError {
    const { timezone } = this.#options;
    const oldest = known.list().at(-1)?.timestamp;
    return new BackupError(
      'NO_SUCH_BACKUP',
      `There is no good backup before ${formatTime(before, timezone)}`,
      {
        why:
          oldest === undefined
            ? `${this.backupDir} holds none`
            : `the oldest of ${formatCount(known.list().length, 'backup')} is of ${formatTimestamp(oldest)}`,
      },
    );
  }

  #notFound(name: string, known: KnownCatalogue, future: number): BackupError {
    const { foreign } = known;
    const entries = known.list();
    const message = name === 'latest' ? 'There is no good backup' : `There is no backup ${name}`;
    const others =
      entries.length === 0 ? foreign[0] : foreign.find(({ prefix }) => prefix === prefixOf(name));
    if (others !== undefined)
      return new BackupError('NO_SUCH_BACKUP', message, {
        why: `backups of the prefix ${others.prefix} are not this project's, whose prefix is ${this.prefix}`,
        hint: `If they are yours, set PREFIX=${shellWord(others.prefix)} for this command.`,
      });
    const dated = future === 0 ? '' : `; ${future} dated in the future count for nothing, but can be named`;
    return new BackupError('NO_SUCH_BACKUP', message, {
      why: `${this.backupDir} holds ${formatCount(entries.length, 'backup')}, but not this one${dated}`,
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

  /** With which this installation signs; undefined: it cannot be used, which is told. */
  signer(): Promise<SigningKey | undefined> {
    return signingKey(this.#options);
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

  /** NO_SUCH_BACKUP when its archive is gone. */
  async update(filename: string, patch: Partial<CatalogueEntry>): Promise<CatalogueEntry> {
    const entry = (await this.known()).entry(filename);
    const updated = { ...entry, ...patch } as CatalogueEntry;
    if (entry !== undefined && (await recordEntry(this.#options, updated))) {
      if ((entry.status === 'corrupt') !== (updated.status === 'corrupt'))
        await markDamage(this.#options, updated);
      return updated;
    }
    throw new BackupError('NO_SUCH_BACKUP', `There is no backup ${filename}`, {
      why: 'its archive is not in the backup directory any more',
    });
  }

  /** The same for several backups whose archives the caller has just seen; they are not searched again. */
  mark(filenames: readonly string[], patch: Partial<CatalogueEntry>): Promise<void> {
    return markEntries(this.#options, filenames, patch);
  }

  /** Runs one step of an operation: the manifest is written once, at its end. Outside of one it is at every change. */
  step<T>(work: () => Promise<T>): Promise<T> {
    return inStep(this.#options, work);
  }
  /** Within a step: what was changed so far is written now. */
  save(): Promise<void> {
    return saveCatalogue(this.#options);
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

  /** Deletes from the trash, the oldest first, until there is `enough`; answers the names. */
  giveUpTrash(enough: () => Promise<boolean>): Promise<string[]> {
    return giveUpTrash(this.#options, enough);
  }

  /** Finishes or removes what a killed run left; answers the paths removed. */
  sweep(): Promise<string[]> {
    return sweep(this.#options);
  }

  /** Writes the manifest anew from the directories; answers the catalogue. */
  async rebuild(): Promise<CatalogueEntry[]> {
    return (await refreshCatalogue(this.#options, { rewrite: true })).list();
  }
}

/**
 * The newest good backup, else the newest unverified one. Safety backups come last: a second restore of `latest` must
 * not bring back the state that the first one replaced.
 */
function latestOf(entries: CatalogueEntry[], unverifiedIsGood = false): CatalogueEntry | undefined {
  const asked = entries.filter(({ trigger }) => trigger !== 'pre-restore');
  for (const among of [asked, entries]) {
    const found =
      among.find((entry) => countsAsGood(entry, { unverifiedIsGood })) ??
      among.find(({ status }) => status === 'unverified');
    if (found) return found;
  }
  return undefined;
}
