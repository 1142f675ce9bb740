/** The catalogue in memory: entries by name, newest first, and which of them are names of one file. */
import type { CatalogueEntry } from '../catalogue.ts';
import type { FoundArchive } from './scan.ts';

export class KnownCatalogue {
  readonly #entries = new Map<string, CatalogueEntry>();
  readonly #archives = new Map<string, FoundArchive>();
  /** file names by device and inode */
  readonly #sharers = new Map<string, Set<string>>();
  /** file names, newest first; undefined: to be sorted */
  #order: string[] | undefined;

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
  sharing(filename: string): string[] {
    return [...(this.#sharers.get(this.#archives.get(filename)?.identity ?? '') ?? [filename])];
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
    const before = this.#entries.get(entry.filename);
    if (before === undefined || newestFirst(before, entry) !== 0) this.#order = undefined;
    this.#leaveSharers(entry.filename, archive.identity);
    this.#entries.set(entry.filename, entry);
    this.#archives.set(entry.filename, archive);
    const sharers = this.#sharers.get(archive.identity);
    if (sharers === undefined) this.#sharers.set(archive.identity, new Set([entry.filename]));
    else sharers.add(entry.filename);
  }

  drop(filename: string): void {
    this.#leaveSharers(filename);
    this.#archives.delete(filename);
    if (this.#entries.delete(filename)) this.#order = undefined;
  }

  #leaveSharers(filename: string, unless?: string): void {
    const identity = this.#archives.get(filename)?.identity;
    if (identity !== undefined && identity !== unless) this.#sharers.get(identity)?.delete(filename);
  }
}

const newestFirst = (a: CatalogueEntry, b: CatalogueEntry): number =>
  compare(b.created_at ?? b.timestamp, a.created_at ?? a.timestamp) || compare(b.filename, a.filename);
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
