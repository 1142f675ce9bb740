/** Walks the sources in a fixed order: components in turn, each a tree sorted by the bytes of its names. */
import { type BigIntStats, constants, lstatSync, readlinkSync, statSync } from 'node:fs';
import {
  BackupError,
  type BytePath,
  type Component,
  displayPath,
  type EntryType,
  fsPath,
  type Identity,
  isOneOf,
  isSelected,
  isWorkDirName,
  joinPath,
  toBytePath,
} from '@gofr-backup/model';
import { comparableIno, errnoOf, heldTimes } from '@gofr-backup/posix';
import type { Source, WalkEntry, WalkReport } from '../source.ts';
import { type DirectoryNames, directoryNames, NO_NAMES } from './directory-names.ts';
import { type Exclusion, exclusionOf } from './exclusion.ts';
import { reportFailure, reportUnreadable, vanished } from '../failure.ts';
import type { WalkOptions } from '../../types.ts';

/** Components that share a root are walked once, so that the tree stays one sorted tree. */
interface Group {
  root: BytePath;
  archivePath: BytePath;
  members: { component: number; select: Component['select'] }[];
}

/** A directory on the way down. */
interface Level {
  entry: WalkEntry;
  /** its own entry has been handed out */
  announced: boolean;
  names: DirectoryNames;
  next: number;
}

/** Entries handed on together. A server answers so many questions in a moment, and other work of the process waits for it. */
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
  #followRootLinks: boolean;
  #groups: Group[];
  /** of the last entry */
  #device: bigint | undefined;

  constructor({ components, exclude, withheld, followRootLinks }: WalkOptions) {
    this.#components = components;
    this.#excluded = exclusionOf(exclude);
    this.#withheld = withheld ?? [];
    this.#followRootLinks = followRootLinks ?? false;
    this.#groups = grouped(components);
    this.report = { warnings: [], unreadable: [], present: components.map(() => false), devices: new Map() };
  }

  async *entries(): AsyncGenerator<WalkEntry[]> {
    let batch: WalkEntry[] = [];
    for (const entry of this.#walk()) {
      batch.push(entry);
      if (batch.length < BATCH) continue;
      yield batch;
      batch = [];
    }
    if (batch.length > 0) yield batch;
  }

  *#walk(): Generator<WalkEntry> {
    const parents = new Set<BytePath>();
    for (const group of this.#groups) {
      const stats = this.#rootStats(group);
      if (stats === undefined) continue;
      yield* parentsOf(group, parents);
      yield* this.#tree(group, stats);
    }
  }

  /** Reads the attributes of one path anew; undefined when it is gone. */
  async entryAt(path: BytePath): Promise<WalkEntry | undefined> {
    const group = this.#groupOf(path);
    const source = sourceIn(group, path);
    const stats = this.#lstat(source, path);
    return stats && this.#entry(group, path, source, stats);
  }

  /** The entry for an index entry of the previous archive whose file has not changed. */
  unchangedEntry(seen: Omit<WalkEntry, 'source' | 'component'>): WalkEntry {
    const group = this.#groupOf(seen.path);
    const member = group.members.find(({ select }) => isSelected(select, seen.path)) ?? group.members[0]!;
    return { ...seen, source: sourceIn(group, seen.path), component: member.component };
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  /** The group of the innermost component that holds the path; the first group for a directory above all components. */
  #groupOf(path: BytePath): Group {
    const around = this.#groups.filter(
      ({ archivePath }) => path === archivePath || path.startsWith(`${archivePath}/`),
    );
    return around.toSorted((a, b) => b.archivePath.length - a.archivePath.length)[0] ?? this.#groups[0]!;
  }

  #rootStats(group: Group): BigIntStats | undefined {
    try {
      const stats = (this.#followRootLinks ? statSync : lstatSync)(fsPath(group.root), { bigint: true });
      if (stats.isSymbolicLink()) throw linkedRoot(displayPath(group.root));
      for (const { component } of group.members) this.report.present[component] = true;
      return stats;
    } catch (cause) {
      if (cause instanceof BackupError) throw cause;
      const names = group.members.map(({ component }) => this.#components[component]!.name).join(', ');
      if (errnoOf(cause) === 'ENOENT' || errnoOf(cause) === 'ENOTDIR') {
        this.report.warnings.push({
          code: 'missing-component',
          message: `${names}: ${displayPath(group.root)} does not exist`,
        });
      } else this.#unreadable(group.archivePath, 0, cause);
      return undefined;
    }
  }

  *#tree(group: Group, stats: BigIntStats): Generator<WalkEntry> {
    const root = this.#entry(group, group.archivePath, group.root, stats);
    if (root === undefined) return;
    if (this.#excluded?.(root.path, root.type === 'directory')) return this.#excludedRoot(group, root);
    if (root.type !== 'directory') return yield root;
    /** With only metadata selected, a directory gets an entry when a file in it does. */
    const lazy = group.members.every(({ select }) => select === 'metadata-only');
    const levels: Level[] = [this.#level(root)];
    while (levels.length > 0) {
      const level = levels[levels.length - 1]!;
      if (!lazy) yield* announced(level);
      const entry =
        level.next === level.names.length
          ? void levels.pop()
          : this.#child(group, level, level.names.at(level.next++));
      if (entry?.type === 'directory') levels.push(this.#level(entry));
      else if (entry !== undefined) {
        if (lazy) for (const above of levels) yield* announced(above);
        yield entry;
      }
    }
  }

  #level(entry: WalkEntry): Level {
    return { entry, announced: false, names: this.#names(entry), next: 0 };
  }

  #child(group: Group, level: Level, name: string): WalkEntry | undefined {
    const path = joinPath(level.entry.path, name);
    if (isWorkDirName(name)) return this.#workDir(path);
    const source = joinPath(level.entry.source, name);
    const stats = this.#lstat(source, path);
    if (stats === undefined || this.#isLeftOut(path, stats)) return undefined;
    return this.#entry(group, path, source, stats);
  }

  #isLeftOut(path: BytePath, stats: BigIntStats): boolean {
    const isDirectory = stats.isDirectory();
    if (isDirectory && isOneOf(stats, this.#withheld)) return true;
    return this.#excluded?.(path, isDirectory) ?? false;
  }

  #names(directory: WalkEntry): DirectoryNames {
    try {
      return directoryNames(directory.source);
    } catch (cause) {
      this.#failed(directory.path, directory.uid, cause);
      return NO_NAMES;
    }
  }

  #lstat(source: BytePath, path: BytePath): BigIntStats | undefined {
    try {
      return lstatSync(fsPath(source), { bigint: true });
    } catch (cause) {
      if (this.#excluded?.(path, true)) return undefined;
      this.#failed(path, 0, cause);
      return undefined;
    }
  }

  #entry(group: Group, path: BytePath, source: BytePath, stats: BigIntStats): WalkEntry | undefined {
    const format = Number(stats.mode) & constants.S_IFMT;
    const member =
      format === constants.S_IFDIR
        ? group.members[0]
        : group.members.find(({ select }) => isSelected(select, path));
    const type = member && (TYPES.get(format) ?? this.#refuse(path, stats));
    if (member === undefined || type === undefined) return undefined;
    if (stats.dev !== this.#device) this.#enter(stats.dev, source);
    const entry = walkEntryOf(path, source, type, stats, member.component);
    return type === 'symlink' ? this.#withTarget(entry) : entry;
  }

  /** A mount, or back from one. */
  #enter(device: bigint, source: BytePath): void {
    this.#device = device;
    if (!this.report.devices.has(device)) this.report.devices.set(device, source);
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

  /** An excluded root counts as absent, so a restore of this backup leaves it alone. */
  #excludedRoot({ members }: Group, { path, component }: WalkEntry): void {
    for (const member of members) this.report.present[member.component] = false;
    const shown = displayPath(path);
    this.report.warnings.push({
      code: 'excluded-component',
      path: shown,
      message: `EXCLUDE leaves out all of ${this.#components[component]!.name} (${shown})`,
    });
  }

  #refuse(path: BytePath, stats: BigIntStats): undefined {
    const kind = stats.isSocket() ? 'a socket' : stats.isFIFO() ? 'a FIFO' : 'a device';
    const shown = displayPath(path);
    this.report.warnings.push({
      code: 'special-file',
      path: shown,
      message: `${shown} is ${kind}: left out`,
    });
  }

  #withTarget(entry: WalkEntry): WalkEntry | undefined {
    try {
      entry.linkTarget = readlinkSync(fsPath(entry.source), { encoding: 'latin1' });
      return entry;
    } catch (cause) {
      // The link was replaced meanwhile.
      if (errnoOf(cause) === 'EINVAL') this.report.warnings.push(vanished(entry.path));
      else this.#failed(entry.path, entry.uid, cause);
      return undefined;
    }
  }

  #failed(path: BytePath, uid: number, cause: unknown): void {
    reportFailure(this.report, { path, uid }, errnoOf(cause));
  }

  #unreadable(path: BytePath, uid: number, cause: unknown): void {
    reportUnreadable(this.report, { path, uid }, errnoOf(cause));
  }
}

function* announced(level: Level): Generator<WalkEntry> {
  if (level.announced) return;
  level.announced = true;
  yield level.entry;
}

function walkEntryOf(
  path: BytePath,
  source: BytePath,
  type: EntryType,
  stats: BigIntStats,
  component: number,
): WalkEntry {
  const size = type === 'file' ? Number(stats.size) : 0;
  const entry: WalkEntry = {
    path,
    source,
    type,
    size,
    mode: Number(stats.mode) & 0o7777,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
    ...heldTimes(stats),
    ino: comparableIno(stats.ino),
    sparse: type === 'file' && Number(stats.blocks) * 512 < size,
    component,
  };
  if (type === 'file' && stats.nlink > 1n) entry.linkKey = `${stats.dev}:${stats.ino}`;
  return entry;
}

function sourceIn({ root, archivePath }: Group, path: BytePath): BytePath {
  return root + path.slice(archivePath.length);
}

function grouped(components: readonly Component[]): Group[] {
  const groups = new Map<string, Group>();
  for (const [component, { root, archivePath, select }] of components.entries()) {
    const group = groups.get(`${root}\0${archivePath}`) ?? {
      root: toBytePath(root),
      archivePath: toBytePath(archivePath),
      members: [],
    };
    group.members.push({ component, select });
    groups.set(`${root}\0${archivePath}`, group);
  }
  return [...groups.values()];
}

/**
 * Entries for the directories above a component, as `data/` of `data/storage`, with the attributes of the directory
 * that holds the root.
 */
function* parentsOf(group: Group, seen: Set<BytePath>): Generator<WalkEntry> {
  const parts = group.archivePath.split('/');
  for (let depth = 1; depth < parts.length; depth++) {
    const path = parts.slice(0, depth).join('/');
    if (seen.has(path)) continue;
    seen.add(path);
    const source = group.root + '/..'.repeat(parts.length - depth);
    try {
      const stats = statSync(fsPath(source), { bigint: true });
      if (stats.isDirectory())
        yield walkEntryOf(path, source, 'directory', stats, group.members[0]!.component);
    } catch {
      // The root itself is readable, so the archive is complete without the attributes of its parents.
    }
  }
}

/**
 * The error for a root that is a link. The application may write into DATA_DIR and could have planted a link to any
 * place.
 */
export function linkedRoot(root: string): BackupError {
  return new BackupError('CONFIG', `${root} is a symlink, and is not followed`, {
    why: 'it stands where a component has its directory, and the application itself could have put it there',
    hint:
      'Nothing was changed. Put the directory itself there or point the setting at where it lies; ' +
      'if the link is yours, set FOLLOW_ROOT_LINKS=true.',
    details: { root },
  });
}
