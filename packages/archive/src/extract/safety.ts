/**
 * Refuses hostile entries before anything is written. An archive and its index may come from an attacker. Every name
 * must stay inside the target directory, and nothing may be written through a link. The target of a symlink is
 * content and is not judged: no entry may lie below a symlink, and symlinks are made last. The rules follow the
 * advisories of tar, node-tar, borg, restic and docker cp.
 */
import { type ArchiveEntry, type BytePath, displayPath } from '@gofr-backup/model';
import { isWithin } from '@gofr-backup/posix';
import type { Kind } from './kinds.ts';
import { PathKinds } from './path-kinds.ts';
import { type FileBehind, RepeatedNames } from './repeated-names.ts';
import { LONGEST_PATH } from '../longest-path.ts';
import { hostile } from '../refusals.ts';
import type { TarMember } from '../tar/parser.ts';

/** The text of a symlink: PATH_MAX. */
const MAX_LINK_TARGET = 4096;
/** NAME_MAX, in bytes. */
const MAX_COMPONENT = 255;
/**
 * More entries than any honest tree has. The limit is needed because each entry costs memory before a byte is
 * written.
 */
const MAX_ENTRIES = 20_000_000;

const UNUSUAL_COMPONENT = /(?:^|\/)\.{0,2}(?:\/|$)/;

/**
 * A name of the archive as a BytePath. `./` and doubled or trailing slashes are dropped; any other name that is not
 * plainly below the root is refused. The root itself is ''. `what` is `name` or `link target`.
 */
export function canonicalPath(raw: BytePath, entry: BytePath = raw, what = 'name'): BytePath {
  if (raw.includes('\0')) throw hostile(entry, `its ${what} contains a NUL byte`);
  if (raw.startsWith('/')) throw hostile(entry, `its ${what} is absolute`);
  if (raw.length > LONGEST_PATH) throw hostile(entry, `its ${what} is ${raw.length} bytes long`);
  const usual = !UNUSUAL_COMPONENT.test(raw);
  if (usual && raw.length <= MAX_COMPONENT) return raw;
  const components = raw.split('/').filter((component) => component !== '' && component !== '.');
  if (components.includes('..')) throw hostile(entry, `its ${what} contains ".."`);
  if (components.some((component) => component.length > MAX_COMPONENT)) {
    throw hostile(entry, `a part of its ${what} is longer than ${MAX_COMPONENT} bytes`);
  }
  return usual ? raw : components.join('/');
}

/** The entry for a member of the tar stream; undefined for the archive's root (`./`). Throws ARCHIVE_HOSTILE. */
export function archiveEntryOf(member: TarMember): ArchiveEntry | undefined {
  const path = canonicalPath(member.name);
  if (path === '') {
    if (member.type === 'directory') return undefined;
    throw hostile(member.name, 'its name is empty');
  }
  const { type, size, mode, uid, gid, mtimeNs, xattrs } = member;
  const entry: ArchiveEntry = { path, type, size, mode, uid, gid, mtimeNs };
  if (xattrs) entry.xattrs = xattrs;
  if (member.sparse) entry.sparse = true;
  if (member.mapInContent) entry.storedSize = member.storedSize!;
  if (type === 'hardlink' || type === 'symlink') entry.linkTarget = linkTargetOf(path, type, member.linkName);
  return entry;
}

/** Also for entries of an index, whose targets are as untrusted. */
export function linkTargetOf(path: BytePath, type: 'hardlink' | 'symlink', target: BytePath): BytePath {
  if (target === '') throw hostile(path, 'its link target is empty');
  if (type === 'hardlink') return canonicalPath(target, path, 'link target');
  if (target.includes('\0')) throw hostile(path, 'its link target contains a NUL byte');
  if (target.length >= MAX_LINK_TARGET) throw hostile(path, `its link target is ${target.length} bytes long`);
  return target;
}

export interface SafetyOptions {
  /** names that the target file system takes for one name have one folded form; absent: it compares bytes */
  fold?: (path: BytePath) => string;
}

/** Sees every entry of one archive, in order, and refuses by name what must not be extracted. */
export class SafetyCheck {
  readonly #kinds = new PathKinds();
  readonly #symlinks = new Map<BytePath, BytePath>();
  readonly #hardlinks = new Map<BytePath, BytePath>();
  readonly repeated = new RepeatedNames();
  readonly #folded = new Map<string, BytePath>();
  readonly #fold: SafetyOptions['fold'];
  #count = 0;
  /** parent of the entry before, kept because siblings usually follow each other */
  #lastParent: BytePath = '';

  constructor(options: SafetyOptions = {}) {
    this.#fold = options.fold;
  }

  /** The entry as it is to be extracted: a hard link to a symlink is another symlink. Throws ARCHIVE_HOSTILE. */
  admit(entry: ArchiveEntry): ArchiveEntry {
    if (++this.#count > MAX_ENTRIES)
      throw hostile(entry.path, `the archive has more than ${MAX_ENTRIES} entries`);
    const admitted = entry.type === 'hardlink' ? this.#hardlink(entry) : entry;
    const { path, type, linkTarget } = admitted;
    this.#parents(path);
    const file = type === 'hardlink' ? this.#fileAt(linkTarget!) : undefined;
    this.#place(admitted);
    if (file !== undefined) this.repeated.link(path, file);
    return admitted;
  }

  /**
   * An entry of a later pass over the same archive, as `admit` answered it. Throws ARCHIVE_HOSTILE for an entry that
   * the first pass did not see: an attacker who can write the index may exchange it between two passes. Of what a later
   * entry replaces, nothing is made under its name.
   */
  again(entry: ArchiveEntry, ordinal: number): ArchiveEntry {
    if (entry.type !== 'directory' && !this.isLast(entry.path, ordinal)) return entry;
    const isLinked = entry.type === 'hardlink' && this.#kinds.get(entry.path) === 'symlink';
    const text = isLinked ? this.#symlinks.get(entry.path) : undefined;
    const admitted: ArchiveEntry =
      text === undefined ? entry : { ...entry, type: 'symlink', linkTarget: text };
    const { path, type, linkTarget } = admitted;
    const links = type === 'symlink' ? this.#symlinks : this.#hardlinks;
    const isSame = type === 'file' || type === 'directory' || links.get(path) === linkTarget;
    if (this.#kinds.get(path) === type && isSame) return admitted;
    throw hostile(path, 'it was not there, or was another, when the archive was checked');
  }

  /** Whether the entry with this ordinal (counted from 0 over all entries) is the last of its name, as nearly all are. */
  isLast(path: BytePath, ordinal: number): boolean {
    return this.repeated.generationOf(path, ordinal) === undefined;
  }

  kindOf(path: BytePath): Kind | undefined {
    return this.#kinds.get(path);
  }

  #hardlink(entry: ArchiveEntry): ArchiveEntry {
    const target = entry.linkTarget!;
    const text = this.#symlinks.get(target);
    if (text !== undefined) return { ...entry, type: 'symlink', linkTarget: text };
    const kind = this.#kinds.get(target);
    if (target === entry.path) throw hostile(entry.path, 'it is a hard link to itself');
    if (kind === undefined)
      throw hostile(entry.path, `its link target "${displayPath(target)}" is not in the archive before it`);
    if (kind !== 'file' && kind !== 'hardlink')
      throw hostile(entry.path, `its link target is ${articled(kind)}`);
    return entry;
  }

  #fileAt(path: BytePath): FileBehind {
    return this.repeated.fileBehind(path) ?? { path };
  }

  #parents(path: BytePath): void {
    const slash = path.lastIndexOf('/');
    if (slash === -1) return;
    const parent = path.slice(0, slash);
    // A directory gives way to nothing, so those above the entry before are still what they were.
    if (isWithin(this.#lastParent, parent)) return;
    const kind = this.#kinds.get(parent);
    if (kind === undefined) {
      this.#parents(parent);
      this.#know(parent, 'implied directory');
    } else if (!isDirectory(kind)) {
      throw hostile(path, `its parent "${displayPath(parent)}" is ${articled(kind)}`);
    }
    this.#lastParent = parent;
  }

  #place(entry: ArchiveEntry): void {
    const { path, type } = entry;
    const before = this.#kinds.get(path);
    if (before === undefined) this.#know(path, type);
    else if (before === 'implied directory' && type === 'directory') this.#kinds.set(path, type);
    else this.#repeat(entry, before);
    if (type === 'symlink') this.#symlinks.set(path, entry.linkTarget!);
    if (type === 'hardlink') this.#hardlinks.set(path, entry.linkTarget!);
  }

  /** Tar lets the last of two entries win; a directory, which others may lie in, gives way to nothing else. */
  #repeat({ path, type }: ArchiveEntry, before: Kind): void {
    if (type === 'directory' && isDirectory(before)) return;
    if (type === 'directory' || isDirectory(before))
      throw hostile(path, `it is ${articled(type)} but was ${articled(before)} before`);
    this.repeated.repeat(path, before, this.#count - 1);
    this.#kinds.set(path, type);
    this.#symlinks.delete(path);
    this.#hardlinks.delete(path);
  }

  #know(path: BytePath, kind: Kind): void {
    const folded = this.#fold?.(path);
    if (folded !== undefined) {
      const other = this.#folded.get(folded);
      if (other !== undefined) throw hostile(path, `this file system takes it for "${displayPath(other)}"`);
      this.#folded.set(folded, path);
    }
    this.#kinds.set(path, kind);
  }
}

const articled = (kind: Kind): string => `${/^[aeiou]/.test(kind) ? 'an' : 'a'} ${kind}`;

const isDirectory = (kind: Kind): boolean => kind === 'directory' || kind === 'implied directory';
