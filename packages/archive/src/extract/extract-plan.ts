/** The plan of an extraction, made from the entries alone, before anything is written. */
import {
  type ArchiveEntry,
  type BytePath,
  dataSizeOf,
  isKeptEverywhere,
  storedSizeOf,
} from '@gofr-backup/model';
import { damaged } from '../refusals.ts';
import type { EntrySelection } from './entry-selection.ts';
import type { FileBehind } from './repeated-names.ts';
import type { SafetyCheck } from './safety.ts';

export interface Link {
  path: BytePath;
  target: BytePath;
}

interface PlannedLink {
  path: BytePath;
  /** counted from 0 over all entries */
  ordinal: number;
}

export interface ExtractPlan {
  /** parents before children; a directory that the archive only implies has no entry */
  directories: Map<BytePath, ArchiveEntry | undefined>;
  symlinks: Map<BytePath, ArchiveEntry>;
  hardlinks: Link[];
  /** with a time that the file system may not keep */
  oddlyTimed: ArchiveEntry[];
  /** regular files to write, and the bytes of them that the archive has */
  files: number;
  bytes: number;
  /** the same without the files that may be nothing but holes, archived as zeros */
  dataBytes: number;
  /** every file goes where its entry says */
  isWhole: boolean;
  /** where the file with this ordinal and path goes; undefined: it is not wanted */
  destination(ordinal: number, path: BytePath): BytePath | undefined;
}

/** Sees the admitted entries in order; `finish` gives the plan. */
export class ExtractPlanner {
  readonly #selection: EntrySelection;
  readonly #directories = new Map<BytePath, ArchiveEntry | undefined>();
  readonly #above = new Map<BytePath, ArchiveEntry>();
  readonly #symlinks = new Map<BytePath, ArchiveEntry>();
  readonly #hardlinks: PlannedLink[] = [];
  #seen = 0;
  readonly #oddlyTimed: ArchiveEntry[] = [];
  /** the files that are not selected: a selected hard link may lead to one of them */
  readonly #unselected = new Map<BytePath, ArchiveEntry>();
  #files = 0;
  #bytes = 0;
  #dataBytes = 0;

  constructor(selection: EntrySelection) {
    this.#selection = selection;
  }

  add(entry: ArchiveEntry): void {
    const ordinal = this.#seen++;
    if (!this.#selection.takes(entry.path)) {
      if (entry.type === 'directory' && this.#selection.leadsTo(entry.path))
        this.#above.set(entry.path, entry);
      if (entry.type === 'file') this.#unselected.set(entry.path, entry);
      return;
    }
    this.#parents(entry.path);
    if (entry.type !== 'hardlink' && !isKeptEverywhere(entry.mtimeNs)) this.#oddlyTimed.push(entry);
    if (entry.type === 'directory') this.#directories.set(entry.path, entry);
    else if (entry.type === 'symlink') this.#symlinks.set(entry.path, entry);
    else if (entry.type === 'hardlink') this.#hardlinks.push({ path: entry.path, ordinal });
    else {
      this.#files++;
      this.#addBytes(entry);
    }
  }

  #addBytes(entry: ArchiveEntry): void {
    this.#bytes += storedSizeOf(entry);
    this.#dataBytes += dataSizeOf(entry);
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
    for (const [path, entry] of this.#symlinks)
      if (check.kindOf(path) !== 'symlink') this.#symlinks.delete(entry.path);
    const { hardlinks, standIns } = this.#linked(check);
    for (const [path, files] of check.repeated.lostFiles())
      if (this.#selection.takes(path)) this.#files -= files;
    return {
      dataBytes: this.#dataBytes,
      directories: this.#directories,
      symlinks: this.#symlinks,
      hardlinks,
      oddlyTimed: this.#oddlyTimed,
      files: this.#files,
      bytes: this.#bytes,
      isWhole: this.#selection.takesAll && standIns.size === 0 && !check.repeated.any,
      destination: (ordinal, path) => {
        const generation = check.repeated.generationOf(path, ordinal);
        const standIn = standIns.get(keyOf({ path, ...(generation !== undefined && { generation }) }));
        if (standIn !== undefined || generation !== undefined) return standIn;
        return this.#selection.takes(path) ? path : undefined;
      },
    };
  }

  /**
   * When a hard link is selected but its file is not, or has lost its name, the link takes the file's place: the content is
   * written at the link's path, and other selected links to the file lead to that path.
   */
  #linked(check: SafetyCheck): { hardlinks: Link[]; standIns: Map<string, BytePath> } {
    const standIns = new Map<string, BytePath>();
    const hardlinks: Link[] = [];
    for (const { path, ordinal } of this.#hardlinks) {
      if (!check.isLast(path, ordinal)) continue;
      const file = check.repeated.fileBehind(path);
      if (file === undefined) throw damaged('The archive is damaged.', 'A hard link leads nowhere.');
      const key = keyOf(file);
      const wanted = file.generation === undefined && this.#selection.takes(file.path);
      const target = wanted ? file.path : standIns.get(key);
      if (target !== undefined) {
        hardlinks.push({ path, target });
        continue;
      }
      standIns.set(key, path);
      this.#files++;
      const entry = this.#unselected.get(file.path);
      if (entry !== undefined) this.#addBytes(entry);
    }
    return { hardlinks, standIns };
  }
}

/** No path has a NUL. */
const keyOf = ({ path, generation }: FileBehind): string =>
  generation === undefined ? path : `${path}\0${generation}`;
