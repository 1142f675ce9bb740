/**
 * Consistent copies of SQLite databases that are written while they are backed up. A live database is read in one
 * transaction through SQLite itself. A database at rest is copied with its log or journal, and the copy is opened.
 */
import { statSync } from 'node:fs';
import { mkdtemp, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type BytePath, displayPath, type Logger, toBytePath, type Warning } from '@gofr-backup/model';
import { lacksBlocks, removeTree } from '@gofr-backup/posix';
import { pathOnDisk } from '../content.ts';
import type { SeenEntry, Source, WalkEntry, WalkReport } from '../source.ts';
import { ALL_COMPANIONS } from './companions.ts';
import { copyDatabase, type CopyOutcome } from './copy.ts';
import { DatabaseProcess } from './database-process.ts';
import { isDatabaseEntry } from './find.ts';

export interface SnapshotOptions {
  /** an existing directory; the copies go into a new one below it, which goes when the source is disposed of */
  scratchDir: string;
  /** the directories that the source goes through */
  roots: readonly BytePath[];
  signal: AbortSignal;
  logger: Logger;
  /** milliseconds that SQLite may take for an empty database */
  patience?: number;
}

/** What stands for a file: a copy, nothing (its -wal, -shm and -journal), or itself. */
type Substitute = { contentPath: string } | 'omit' | 'itself';

/**
 * Stands before another source. A database is copied when it is come upon, and its copy stands for it. One that cannot be
 * copied is a warning that names it (`database-not-consistent`), and its files are archived as they
 * were read together. Keeps nothing of a file that is no database.
 */
export class DatabaseSnapshots implements Source {
  readonly #from: Source;
  readonly #options: SnapshotOptions;
  readonly #used = new AsyncDisposableStack();
  /** by path on disk: of databases and what lies beside them */
  readonly #substitutes = new Map<BytePath, Substitute>();
  #copier: Copier | undefined;
  #databases = 0;

  constructor(from: Source, options: SnapshotOptions) {
    this.#from = from;
    this.#options = options;
  }

  get report(): WalkReport {
    return this.#from.report;
  }

  /** Each entry is judged when the next is known: it tells whether a companion may follow. */
  async *entries(): AsyncGenerator<WalkEntry[]> {
    let last: WalkEntry[] = [];
    for await (const batch of this.#from.entries()) {
      const known = [...last, ...batch];
      last = known.slice(-1);
      yield await this.#consistent(known, known.length - 1);
    }
    yield await this.#consistent(last, last.length);
    if (this.#databases > 0) this.#options.logger.info({ databases: this.#databases }, 'databases copied');
  }

  async entryAt(path: BytePath): Promise<WalkEntry | undefined> {
    const entry = await this.#from.entryAt(path);
    return entry && (await this.#consistent([entry], 1))[0];
  }

  unchangedEntry(seen: SeenEntry): WalkEntry {
    return this.#from.unchangedEntry(seen);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#used.disposeAsync();
    await this.#from[Symbol.asyncDispose]();
  }

  async #consistent(entries: readonly WalkEntry[], count: number): Promise<WalkEntry[]> {
    const consistent: WalkEntry[] = [];
    for (const [n, entry] of entries.slice(0, count).entries()) {
      if (isDatabaseEntry(entry, entries[n + 1]) && !this.#substitutes.has(pathOnDisk(entry)))
        await this.#copy(entry);
      const standing = this.#standingFor(entry);
      if (standing !== undefined) consistent.push(standing);
    }
    return consistent;
  }

  #standingFor(entry: WalkEntry): WalkEntry | undefined {
    if (this.#substitutes.size === 0 || entry.type !== 'file') return entry;
    const substitute = this.#substitutes.get(pathOnDisk(entry)) ?? 'itself';
    if (substitute === 'itself') return entry;
    if (substitute === 'omit') return undefined;
    const { contentPath } = substitute;
    const { size, blocks } = statSync(contentPath);
    const { linkKey: _, ...own } = entry;
    return { ...own, size, sparse: blocks * 512 < size, hollow: lacksBlocks(size, blocks), contentPath };
  }

  async #copy(database: WalkEntry): Promise<void> {
    this.#copier ??= await this.#startCopier();
    const { sqlite, directory } = this.#copier;
    const destination = join(directory, String(this.#databases++));
    const outcome = (await hasRoom(directory, database.size))
      ? await copyDatabase(pathOnDisk(database), destination, sqlite)
      : ({ kind: 'failed', reason: 'there is no room for a copy' } as const);
    for (const [path, substitute] of substitutesFor(pathOnDisk(database), destination, outcome))
      this.#substitutes.set(path, substitute);
    const warning = warningFor(database.path, outcome);
    if (warning) this.report.warnings.push(warning);
  }

  async #startCopier(): Promise<Copier> {
    const { scratchDir, roots, ...options } = this.#options;
    const directory = await mkdtemp(join(scratchDir, 'databases-'));
    this.#used.defer(() => removeTree(toBytePath(directory)));
    const sqlite = new DatabaseProcess({ ...options, read: roots, write: [toBytePath(directory)] });
    this.#used.use(sqlite);
    return { directory, sqlite };
  }
}

interface Copier {
  sqlite: DatabaseProcess;
  /** where the copies go */
  directory: string;
}

function substitutesFor(path: BytePath, contentPath: string, outcome: CopyOutcome): [BytePath, Substitute][] {
  if (outcome.kind === 'failed') return [[path, 'itself']];
  const kept = outcome.kind === 'together' ? outcome.suffixes : [''];
  return ['', ...ALL_COMPANIONS].map((suffix) => [
    path + suffix,
    kept.includes(suffix) ? { contentPath: contentPath + suffix } : 'omit',
  ]);
}

function warningFor(archived: BytePath, outcome: CopyOutcome): Warning | undefined {
  const path = displayPath(archived);
  if (outcome.kind === 'consistent') return warningOfCheck(path, outcome);
  const how = outcome.kind === 'together' ? 'its files were copied together' : 'it is archived as it lies';
  const message = `no consistent copy of the SQLite database ${path} could be made (${outcome.reason}): ${how}`;
  return { code: 'database-not-consistent', path, message };
}

function warningOfCheck(path: string, { damage, unchecked }: { damage?: string; unchecked?: string }) {
  if (damage !== undefined) {
    const message = `the SQLite database ${path} is damaged at its source: ${damage}`;
    return { code: 'database-damaged', path, message };
  }
  if (unchecked === undefined) return undefined;
  const message = `the consistent copy of the SQLite database ${path} could not be checked: ${unchecked}`;
  return { code: 'database-unchecked', path, message };
}

/** Twice its size: the check of a copy with a write-ahead log may grow it. */
async function hasRoom(directory: string, size: number): Promise<boolean> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize > size * 2 + 1048576;
}

/** Display paths of the databases these warnings are about. */
export const databaseWarningPaths = (warnings: readonly Warning[]): Set<string> =>
  new Set(warnings.filter(({ code }) => code.startsWith('database-')).map(({ path }) => path ?? ''));
