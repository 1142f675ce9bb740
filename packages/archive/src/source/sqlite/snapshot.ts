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
import { ALL_COMPANIONS, factsOf } from './companions.ts';
import { copyDatabase, type CopyOutcome } from './copy.ts';
import { DatabaseProcess } from './database-process.ts';
import { isDatabaseEntry } from './find.ts';
import { SharedCopies } from './shared-copies.ts';

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

/** What stands for a file: a copy (`isFile`: also for its other names), nothing (its -wal, -shm and -journal), or itself. */
type Substitute = { contentPath: string; isFile: boolean } | 'omit' | 'itself';

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
  readonly #shared = new SharedCopies();
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
    const { contentPath, isFile } = substitute;
    const { size, blocks } = statSync(contentPath);
    const { linkKey, ...own } = entry;
    return {
      ...own,
      ...(isFile && linkKey !== undefined && { linkKey }),
      ...{ size, sparse: blocks * 512 < size, hollow: lacksBlocks(size, blocks), contentPath },
    };
  }

  async #copy(database: WalkEntry): Promise<void> {
    const path = pathOnDisk(database);
    const shared = this.#shared.copyFor(database);
    if (shared !== undefined) {
      this.#substitutes.set(path, { contentPath: shared, isFile: true });
      return;
    }
    this.#copier ??= await this.#startCopier();
    const copy = join(this.#copier.directory, String(this.#databases++));
    const before = factsOf(path);
    const outcome = await copied(database, copy, this.#copier);
    const isFile = this.#shared.note(database, copy, outcome, before);
    for (const [name, substitute] of substitutesFor(path, copy, outcome, isFile))
      this.#substitutes.set(name, substitute);
    this.report.warnings.push(...warningsFor(database.path, outcome, isFile));
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

async function copied(
  database: WalkEntry,
  destination: string,
  { directory, sqlite }: Copier,
): Promise<CopyOutcome> {
  if (!(await hasRoom(directory, database.size)))
    return { kind: 'failed', reason: 'there is no room for a copy' };
  const hasOtherNames = database.linkKey !== undefined;
  return copyDatabase({ source: pathOnDisk(database), destination, hasOtherNames }, sqlite);
}

function substitutesFor(
  path: BytePath,
  copy: string,
  outcome: CopyOutcome,
  isFile: boolean,
): [BytePath, Substitute][] {
  if (outcome.kind === 'failed') return [[path, 'itself']];
  return ['', ...ALL_COMPANIONS].map((suffix) => [
    path + suffix,
    outcome.suffixes.includes(suffix)
      ? { contentPath: copy + suffix, isFile: isFile && suffix === '' }
      : 'omit',
  ]);
}

function warningsFor(archived: BytePath, outcome: CopyOutcome, isFile: boolean): Warning[] {
  const path = displayPath(archived);
  const apart = {
    ...{ code: 'hard-link-split', path },
    message: `the SQLite database ${path} is in use and has other names: it is archived as a file of its own`,
  };
  const warning = warningFor(path, outcome);
  return [...(warning ? [warning] : []), ...(isFile || outcome.kind === 'failed' ? [] : [apart])];
}

function warningFor(path: string, outcome: CopyOutcome): Warning | undefined {
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
