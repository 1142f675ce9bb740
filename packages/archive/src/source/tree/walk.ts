/** Walks the sources in a fixed order: components in turn, each a tree sorted by the bytes of its names. */
import { constants, readlinkSync } from 'node:fs';
import {
  BackupError,
  type BytePath,
  type Component,
  displayPath,
  type EntryType,
  type Identity,
  isOneOf,
  isSelected,
  isWorkDirName,
  joinPath,
  toBytePath,
} from '@gofr-backup/model';
import {
  comparableIno,
  errnoOf,
  type FileStat,
  heldTimes,
  isDirectory,
  lacksBlocks,
  OpenChain,
  statAt,
} from '@gofr-backup/posix';
import type { OpenRoot, SeenEntry, Source, WalkEntry, WalkReport } from '../source.ts';
import { pathOnDisk } from '../content.ts';
import { AskedAhead } from './asked-ahead.ts';
import { type DirectoryNames, directoryNames, NO_NAMES } from './directory-names.ts';
import { type Exclusion, exclusionOf } from './exclusion.ts';
import { reportFailure, reportUnreadable, vanished } from '../failure.ts';
import { LONGEST_PATH } from '../../longest-path.ts';
import type { WalkOptions } from '../../types.ts';
import { type RootOptions, type SourceRoot, sourceRoots } from './source-root.ts';

/** A directory on the way down. */
interface Level {
  entry: WalkEntry;
  /** its own entry has been handed out */
  announced: boolean;
  names: DirectoryNames;
  next: number;
}

/** Entries handed on together, at most: fewer while the walk waits for answers. */
const BATCH = 128;

const TYPES = new Map<number, EntryType>([
  [constants.S_IFREG, 'file'],
  [constants.S_IFDIR, 'directory'],
  [constants.S_IFLNK, 'symlink'],
]);

/** One walk over the sources; failures are in `report`. Reads lazily, one directory at a time. */
export class Walk implements Source {
  readonly report: WalkReport;
  #components: readonly Component[];
  #excluded: Exclusion | undefined;
  #withheld: readonly Identity[];
  #rootOptions: RootOptions;
  #roots: SourceRoot[];
  /** of the last entry */
  #device: bigint | undefined;
  /** where the walk is */
  #at: { level: Level; chain: OpenChain } | undefined;

  constructor({ components, exclude, withheld, followRootLinks, base }: WalkOptions) {
    this.#components = components;
    this.#excluded = exclusionOf(exclude);
    this.#withheld = withheld ?? [];
    this.#rootOptions = {
      follow: followRootLinks ?? false,
      base: base === undefined ? base : toBytePath(base),
    };
    this.#roots = sourceRoots(components);
    this.report = { warnings: [], unreadable: [], present: components.map(() => false), devices: new Map() };
  }

  async *entries(): AsyncGenerator<WalkEntry[]> {
    const ahead = new AskedAhead();
    let batch: WalkEntry[] = [];
    for (const entry of ahead.timed(this.#walk())) {
      batch.push(entry);
      const answers = ahead.isSlow ? this.#askAhead(ahead) : undefined;
      if (batch.length < BATCH && answers === undefined) continue;
      yield batch;
      batch = [];
      await answers;
    }
    if (batch.length > 0) yield batch;
  }

  /** For the attributes of the names that come next in the directory at hand. */
  #askAhead(ahead: AskedAhead): Promise<void> | undefined {
    if (this.#at === undefined) return undefined;
    const { level, chain } = this.#at;
    return ahead.reach(level.names, level.next, (name) => chain.last.at(name));
  }

  *#walk(): Generator<WalkEntry> {
    const parents = new Set<BytePath>();
    for (const root of this.#roots) {
      const stats = this.#open(root);
      if (stats === undefined) continue;
      yield* parentsOf(root, parents);
      yield* this.#tree(root, stats);
    }
  }

  /** Reads the attributes of one path anew; undefined when it is gone. */
  async entryAt(path: BytePath): Promise<WalkEntry | undefined> {
    const root = this.#rootOf(path);
    const stats = this.#stat(path, () => root.statOf(path));
    if (stats === undefined) return undefined;
    const entry = this.#entry(root, path, stats);
    return entry?.type === 'symlink'
      ? root.within(path, (directory, name) => this.#withTarget(entry, directory.at(name)))
      : entry;
  }

  /** The entry for an index entry of the previous archive whose file has not changed. */
  unchangedEntry(seen: SeenEntry): WalkEntry {
    const root = this.#rootOf(seen.path);
    const member = root.members.find(({ select }) => isSelected(select, seen.path)) ?? root.members[0]!;
    return { ...seen, root: root.place, component: member.component };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const root of this.#roots) root[Symbol.dispose]();
  }

  /** The root of the innermost component that holds the path; the first one for a directory above all components. */
  #rootOf(path: BytePath): SourceRoot {
    const around = this.#roots.filter(
      ({ archivePath }) => path === archivePath || path.startsWith(`${archivePath}/`),
    );
    return around.toSorted((a, b) => b.archivePath.length - a.archivePath.length)[0] ?? this.#roots[0]!;
  }

  #open(root: SourceRoot): FileStat | undefined {
    try {
      const stats = root.open(this.#rootOptions);
      for (const { component } of root.members) this.report.present[component] = true;
      return stats;
    } catch (cause) {
      if (cause instanceof BackupError) throw cause;
      const names = root.members.map(({ component }) => this.#components[component]!.name).join(', ');
      if (errnoOf(cause) === 'ENOENT' || errnoOf(cause) === 'ENOTDIR') {
        this.report.warnings.push({
          code: 'missing-component',
          message: `${names}: ${displayPath(root.path)} does not exist`,
        });
      } else this.#unreadable(root.archivePath, undefined, cause);
      return undefined;
    }
  }

  *#tree(root: SourceRoot, stats: FileStat): Generator<WalkEntry> {
    const first = this.#entry(root, root.archivePath, stats);
    if (first === undefined) return;
    if (this.#excluded?.(first.path, first.type === 'directory')) return this.#excludedRoot(root, first);
    if (first.type !== 'directory') return yield first;
    /** With only metadata selected, a directory gets an entry when a file in it does. */
    const lazy = root.members.every(({ select }) => select === 'metadata-only');
    using chain = new OpenChain(root.handle);
    const levels: Level[] = [this.#level(first, stats, chain)];
    while (levels.length > 0) {
      const level = levels[levels.length - 1]!;
      this.#at = { level, chain };
      if (!lazy) yield* announced(level);
      if (level.next === level.names.length) {
        levels.pop();
        chain.leave();
        continue;
      }
      const found = this.#child(root, level, chain, level.names.at(level.next++));
      if (found === undefined) continue;
      if (isLevel(found)) levels.push(found);
      else {
        if (lazy) for (const above of levels) yield* announced(above);
        yield found;
      }
    }
  }

  #level(entry: WalkEntry, { size }: FileStat, chain: OpenChain): Level {
    return { entry, announced: false, names: this.#names(entry, size, chain), next: 0 };
  }

  #child(
    root: SourceRoot,
    { entry: above }: Level,
    chain: OpenChain,
    name: string,
  ): Level | WalkEntry | undefined {
    const path = joinPath(above.path, name);
    if (isWorkDirName(name)) return this.#workDir(path);
    const stats = this.#stat(path, () => statAt(chain.last.fd, name));
    if (stats === undefined || this.#isLeftOut(path, stats)) return undefined;
    if (path.length > LONGEST_PATH) return this.#tooLong(path);
    if (isDirectory(stats)) return this.#entered(root, path, chain, name, stats.uid);
    const entry = this.#entry(root, path, stats);
    return entry?.type === 'symlink' ? this.#withTarget(entry, chain.last.at(name)) : entry;
  }

  /** The directory is the last of the chain then. Its attributes are those of what was opened. */
  #entered(root: SourceRoot, path: BytePath, chain: OpenChain, name: string, uid: number): Level | undefined {
    const stats = this.#stat(path, () => chain.enter(name).stats, uid);
    if (stats === undefined) return undefined;
    const entry = this.#isLeftOut(path, stats) ? undefined : this.#entry(root, path, stats);
    if (entry !== undefined) return this.#level(entry, stats, chain);
    chain.leave();
    return undefined;
  }

  #isLeftOut(path: BytePath, stats: FileStat): boolean {
    const directory = isDirectory(stats);
    if (directory && isOneOf(stats, this.#withheld)) return true;
    return this.#excluded?.(path, directory) ?? false;
  }

  #names(directory: WalkEntry, size: number, chain: OpenChain): DirectoryNames {
    try {
      return directoryNames(chain.last.path, size);
    } catch (cause) {
      this.#failed(directory.path, directory.uid, cause);
      return NO_NAMES;
    }
  }

  #stat(path: BytePath, stat: () => FileStat, uid?: number): FileStat | undefined {
    try {
      return stat();
    } catch (cause) {
      if (this.#excluded?.(path, true)) return undefined;
      this.#failed(path, uid, cause);
      return undefined;
    }
  }

  #entry(root: SourceRoot, path: BytePath, stats: FileStat): WalkEntry | undefined {
    const format = stats.mode & constants.S_IFMT;
    const member =
      format === constants.S_IFDIR
        ? root.members[0]
        : root.members.find(({ select }) => isSelected(select, path));
    const type = member && (TYPES.get(format) ?? this.#refuse(path, format));
    if (member === undefined || type === undefined) return undefined;
    if (type === 'file' && stats.size > Number.MAX_SAFE_INTEGER) return this.#tooLarge(path);
    const entry = walkEntryOf(path, root.place, type, stats, member.component);
    if (stats.dev !== this.#device) this.#onDevice(stats.dev, entry);
    return entry;
  }

  /** A mount, or back from one. */
  #onDevice(device: bigint, entry: WalkEntry): void {
    this.#device = device;
    if (!this.report.devices.has(device)) this.report.devices.set(device, pathOnDisk(entry));
  }

  /**
   * Skips a work directory with a warning. Interrupted restores of this project were settled before the backup began,
   * so this directory is another project's, or no restore made it.
   */
  #workDir(path: BytePath): undefined {
    const shown = displayPath(path);
    this.report.warnings.push({
      code: 'work-directory',
      path: shown,
      message: `${shown} has the name of a restore's work directory: left out`,
    });
  }

  /** With all that lies below it. */
  #tooLong(path: BytePath): undefined {
    this.report.warnings.push({
      code: 'path-too-long',
      path: displayPath(path),
      message: `its path is ${path.length} bytes long, an archive takes ${LONGEST_PATH}: left out`,
    });
  }

  /** An excluded root counts as absent, so a restore of this backup leaves it alone. */
  #excludedRoot({ members }: SourceRoot, { path, component }: WalkEntry): void {
    for (const member of members) this.report.present[member.component] = false;
    const shown = displayPath(path);
    this.report.warnings.push({
      code: 'excluded-component',
      path: shown,
      message: `EXCLUDE leaves out all of ${this.#components[component]!.name} (${shown})`,
    });
  }

  #refuse(path: BytePath, format: number): undefined {
    const { S_IFIFO, S_IFSOCK } = constants;
    const kind = format === S_IFSOCK ? 'a socket' : format === S_IFIFO ? 'a FIFO' : 'a device';
    const shown = displayPath(path);
    this.report.warnings.push({
      code: 'special-file',
      path: shown,
      message: `${shown} is ${kind}: left out`,
    });
  }

  /** Only a file without data can be so large. No number of ours can hold its size, and hardly any disk the file. */
  #tooLarge(path: BytePath): undefined {
    const shown = displayPath(path);
    this.report.warnings.push({
      code: 'too-large',
      path: shown,
      message: `${shown} claims to be larger than 8 PiB: left out`,
    });
  }

  #withTarget(entry: WalkEntry, link: string | Buffer): WalkEntry | undefined {
    try {
      entry.linkTarget = readlinkSync(link, { encoding: 'latin1' });
      return entry;
    } catch (cause) {
      // The link was replaced meanwhile.
      if (errnoOf(cause) === 'EINVAL') this.report.warnings.push(vanished(entry.path));
      else this.#failed(entry.path, entry.uid, cause);
      return undefined;
    }
  }

  #failed(path: BytePath, uid: number | undefined, cause: unknown): void {
    reportFailure(this.report, { path, uid }, errnoOf(cause));
  }

  #unreadable(path: BytePath, uid: number | undefined, cause: unknown): void {
    reportUnreadable(this.report, { path, uid }, errnoOf(cause));
  }
}

const isLevel = (found: Level | WalkEntry): found is Level => 'names' in found;

function* announced(level: Level): Generator<WalkEntry> {
  if (level.announced) return;
  level.announced = true;
  yield level.entry;
}

function walkEntryOf(
  path: BytePath,
  root: OpenRoot,
  type: EntryType,
  stats: FileStat,
  component: number,
): WalkEntry {
  const size = type === 'file' ? stats.size : 0;
  const entry: WalkEntry = {
    path,
    root,
    type,
    size,
    mode: stats.mode & 0o7777,
    uid: stats.uid,
    gid: stats.gid,
    ...heldTimes(stats),
    ino: comparableIno(stats.ino),
    sparse: type === 'file' && stats.blocks * 512 < size,
    component,
  };
  if (entry.sparse && lacksBlocks(size, stats.blocks)) entry.hollow = true;
  if (type === 'file' && stats.nlink > 1) entry.linkKey = `${stats.dev}:${stats.ino}`;
  return entry;
}

/**
 * Entries for the directories above a component, as `data/` of `data/storage`, with the attributes of the directory
 * that holds the root.
 */
function* parentsOf(root: SourceRoot, seen: Set<BytePath>): Generator<WalkEntry> {
  const parts = root.archivePath.split('/');
  for (let depth = 1; depth < parts.length; depth++) {
    const path = parts.slice(0, depth).join('/');
    if (seen.has(path)) continue;
    seen.add(path);
    try {
      const { place, stats } = root.above(parts.length - depth);
      yield walkEntryOf(path, place, 'directory', stats, root.members[0]!.component);
    } catch {
      // The root itself is readable, so the archive is complete without the attributes of its parents.
    }
  }
}
