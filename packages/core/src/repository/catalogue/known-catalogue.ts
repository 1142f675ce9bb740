/** The catalogue in memory: entries by name, newest first, and which of them are names of one file. */
import type { CatalogueEntry } from '@gofr-backup/model';
import type { ForeignBackups, Ownership } from './ownership.ts';
import type { FoundArchive } from './scan.ts';

export class KnownCatalogue {
  readonly #entries = new Map<string, CatalogueEntry>();
  readonly #archives = new Map<string, FoundArchive>();
  /** file names by device and inode; undefined: to be collected */
  #sharers: Map<string, string[]> | undefined;
  /** file names, newest first; undefined: to be sorted */
  #order: string[] | undefined;

  /** of other projects, which write here too */
  readonly foreign: ForeignBackups[];
  /** the project that wrote the manifest last */
  readonly writer: string | undefined;
  /** whether a prefix is this project's */
  readonly owns: Ownership['owns'];

  constructor({ owns, foreign }: Ownership, writer: string | undefined) {
    this.owns = owns;
    this.foreign = foreign;
    this.writer = writer;
  }

  /** Newest first. */
  list(): CatalogueEntry[] {
    this.#order ??= [...this.#entries.values()].sort(newestFirst).map(({ filename }) => filename);
    return this.#order.flatMap((filename) => this.#entries.get(filename) ?? []);
  }

  entry(filename: string): CatalogueEntry | undefined {
    return this.#entries.get(filename);
  }
  archive(filename: string): FoundArchive | undefined {
    return this.#archives.get(filename);
  }
  /** All names of the file that `filename` is a name of, itself among them. */
  sharing(filename: string): readonly string[] {
    this.#sharers ??= collectSharers(this.#archives.values());
    return this.#sharers.get(this.#archives.get(filename)?.identity ?? '') ?? [filename];
  }

  /** Of these backups' archives on the disk, hard links counted once. */
  diskBytes(entries: Iterable<Pick<CatalogueEntry, 'filename'>>): number {
    const sizes = new Map<string, number>();
    for (const { filename } of entries) {
      const archive = this.#archives.get(filename);
      if (archive !== undefined) sizes.set(archive.identity, archive.size);
    }
    return [...sizes.values()].reduce((sum, size) => sum + size, 0);
  }

  put(entry: CatalogueEntry, archive: FoundArchive): void {
    const { filename } = entry;
    const before = this.#entries.get(filename);
    if (before === undefined || newestFirst(before, entry) !== 0) this.#order = undefined;
    if (this.#archives.get(filename)?.identity !== archive.identity) this.#sharers = undefined;
    this.#entries.set(filename, entry);
    this.#archives.set(filename, archive);
  }

  drop(filename: string): void {
    if (!this.#entries.delete(filename)) return;
    this.#archives.delete(filename);
    this.#order = undefined;
    this.#sharers = undefined;
  }
}

function collectSharers(archives: Iterable<FoundArchive>): Map<string, string[]> {
  const sharers = new Map<string, string[]>();
  for (const { identity, filename } of archives) {
    const names = sharers.get(identity);
    if (names === undefined) sharers.set(identity, [filename]);
    else names.push(filename);
  }
  return sharers;
}

const newestFirst = (a: CatalogueEntry, b: CatalogueEntry): number =>
  compare(b.created_at ?? b.timestamp, a.created_at ?? a.timestamp) || compare(b.filename, a.filename);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
