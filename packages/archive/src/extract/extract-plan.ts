/** The plan of an extraction, made from the entries alone, before anything is written. */
import { type ArchiveEntry, type BytePath, isKeptEverywhere } from '@gofr-backup/model';
import { damaged } from '../refusals.ts';
import type { EntrySelection } from './entry-selection.ts';
import type { SafetyCheck } from './safety.ts';

export interface Link {
  path: BytePath;
  target: BytePath;
}

export interface ExtractPlan {
  /** parents before children; a directory that the archive only implies has no entry */
  directories: Map<BytePath, ArchiveEntry | undefined>;
  symlinks: Map<BytePath, ArchiveEntry>;
  hardlinks: Link[];
  /** with a time that the file system may not keep */
  oddlyTimed: ArchiveEntry[];
  /** regular files to write, and their bytes */
  files: number;
  bytes: number;
  /** bytes of the files with holes */
  sparseBytes: number;
  /** where the file with this ordinal and path goes; undefined: it is not wanted */
  destination(ordinal: number, path: BytePath): BytePath | undefined;
}

/** Sees the admitted entries in order; `finish` gives the plan. */
export class ExtractPlanner {
  readonly #selection: EntrySelection;
  readonly #directories = new Map<BytePath, ArchiveEntry | undefined>();
  readonly #above = new Map<BytePath, ArchiveEntry>();
  readonly #symlinks = new Map<BytePath, ArchiveEntry>();
  readonly #hardlinks: Link[] = [];
  readonly #oddlyTimed: ArchiveEntry[] = [];
  /** sizes of the files that are not selected: a selected hard link may lead to such a file */
  readonly #sizes = new Map<BytePath, number>();
  #files = 0;
  #bytes = 0;
  #sparseBytes = 0;

  constructor(selection: EntrySelection) {
    this.#selection = selection;
  }

  add(entry: ArchiveEntry): void {
    if (!this.#selection.takes(entry.path)) {
      if (entry.type === 'directory' && this.#selection.leadsTo(entry.path))
        this.#above.set(entry.path, entry);
      if (entry.type === 'file') this.#sizes.set(entry.path, entry.size);
      return;
    }
    this.#parents(entry.path);
    if (entry.type !== 'hardlink' && !isKeptEverywhere(entry.mtimeNs)) this.#oddlyTimed.push(entry);
    if (entry.type === 'directory') this.#directories.set(entry.path, entry);
    else if (entry.type === 'symlink') this.#symlinks.set(entry.path, entry);
    else if (entry.type === 'hardlink') this.#hardlinks.push({ path: entry.path, target: entry.linkTarget! });
    else {
      this.#files++;
      this.#bytes += entry.size;
      if (entry.sparse) this.#sparseBytes += entry.size;
    }
  }

  #parents(path: BytePath): void {
    const slash = path.lastIndexOf('/');
    if (slash === -1) return;
    const parent = path.slice(0, slash);
    if (this.#directories.has(parent)) return;
    this.#parents(parent);
    this.#directories.set(parent, this.#above.get(parent));
  }

  finish(check: SafetyCheck): ExtractPlan {
    const stands = this.#standIns(check);
    for (const [path, times] of check.superseded()) if (this.#selection.takes(path)) this.#files -= times;
    return {
      sparseBytes: this.#sparseBytes,
      directories: this.#directories,
      symlinks: this.#symlinks,
      hardlinks: this.#hardlinks,
      oddlyTimed: this.#oddlyTimed,
      files: this.#files,
      bytes: this.#bytes,
      destination: (ordinal, path) => {
        if (!check.isLast(path, ordinal)) return undefined;
        return stands.get(path) ?? (this.#selection.takes(path) ? path : undefined);
      },
    };
  }

  /**
   * When a hard link is selected but its file is not, the link takes the file's place: the content is written at the
   * link's path, and other selected links to the file lead to that path.
   */
  #standIns(check: SafetyCheck): Map<BytePath, BytePath> {
    const stands = new Map<BytePath, BytePath>();
    let kept = 0;
    for (const link of this.#hardlinks) {
      const file = check.fileBehind(link.target);
      if (file === undefined) throw damaged('The archive is damaged.', 'A hard link leads nowhere.');
      const wanted = this.#selection.takes(file);
      if (!wanted && !stands.has(file)) {
        stands.set(file, link.path);
        this.#files++;
        this.#bytes += this.#sizes.get(file) ?? 0;
      } else {
        this.#hardlinks[kept++] = { path: link.path, target: wanted ? file : stands.get(file)! };
      }
    }
    this.#hardlinks.length = kept;
    return stands;
  }
}
