/**
 * Refuses hostile entries before anything is written. An archive and its index may come from an attacker. Every name
 * must stay inside the target directory, and nothing may be written through a link. The target of a symlink is
 * content and is not judged: no entry may lie below a symlink, and symlinks are made last. The rules follow the
 * advisories of tar, node-tar, borg, restic and docker cp.
 */
import { type ArchiveEntry, type BytePath, displayPath } from '@gofr-backup/model';
import { type Kind, PathKinds } from './path-kinds.ts';
import { hostile } from '../refusals.ts';
import type { TarMember } from '../tar/parser.ts';

/** Bytes of a path. A tree may be deeper than Linux takes at once (PATH_MAX), step by step. */
const MAX_PATH = 1 << 15;
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
  if (raw.length > MAX_PATH) throw hostile(entry, `its ${what} is ${raw.length} bytes long`);
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
  readonly #linkedTo = new Set<BytePath>();
  readonly #folded = new Map<string, BytePath>();
  readonly #fold: SafetyOptions['fold'];
  /** for each name: ordinal of its last file, and how many files of that name came before */
  readonly #lastOf = new Map<BytePath, { ordinal: number; before: number }>();
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
    this.#parents(admitted.path);
    this.#place(admitted);
    return admitted;
  }

  /**
   * An entry of a later pass over the same archive, as `admit` answered it. Throws ARCHIVE_HOSTILE for an entry that
   * the first pass did not see: an attacker who can write the index may exchange it between two passes.
   */
  again(entry: ArchiveEntry): ArchiveEntry {
    const text = entry.type === 'hardlink' ? this.#symlinks.get(entry.linkTarget!) : undefined;
    const admitted: ArchiveEntry =
      text === undefined ? entry : { ...entry, type: 'symlink', linkTarget: text };
    const { path, type, linkTarget } = admitted;
    const links = type === 'symlink' ? this.#symlinks : this.#hardlinks;
    const isSame = type === 'file' || type === 'directory' || links.get(path) === linkTarget;
    if (this.#kinds.get(path) === type && isSame) return admitted;
    throw hostile(path, 'it was not there, or was another, when the archive was checked');
  }

  /**
   * Whether the file with this ordinal (counted from 0 over all entries) is the last of its name. The last file wins.
   */
  isLast(path: BytePath, ordinal: number): boolean {
    const last = this.#lastOf.get(path);
    return last === undefined || last.ordinal === ordinal;
  }

  /** The names that several files have, each with the number of files that a later one replaces. */
  *superseded(): Generator<[path: BytePath, times: number]> {
    for (const [path, { before }] of this.#lastOf) yield [path, before];
  }

  /** The regular file at the end of a chain of hard links. */
  fileBehind(target: BytePath): BytePath | undefined {
    let at: BytePath | undefined = target;
    // A target comes before its links, so there is no cycle.
    while (at !== undefined && this.#kinds.get(at) === 'hardlink') at = this.#hardlinks.get(at);
    return at !== undefined && this.#kinds.get(at) === 'file' ? at : undefined;
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
    this.#linkedTo.add(target);
    return entry;
  }

  #parents(path: BytePath): void {
    const slash = path.lastIndexOf('/');
    if (slash === -1) return;
    const parent = path.slice(0, slash);
    if (parent === this.#lastParent) return;
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
    else this.#duplicate(entry, before);
    if (type === 'symlink') this.#symlinks.set(path, entry.linkTarget!);
    if (type === 'hardlink') this.#hardlinks.set(path, entry.linkTarget!);
  }

  /** Plain tar lets the last of two entries win. That is harmless only while no other entry depends on the first. */
  #duplicate({ path, type, linkTarget }: ArchiveEntry, before: Kind): void {
    if (before !== type) throw hostile(path, `it is ${articled(type)} but was ${articled(before)} before`);
    if (type === 'directory') return;
    if (type === 'file') {
      if (this.#linkedTo.has(path)) throw hostile(path, 'it replaces a file that hard links lead to');
      const times = this.#lastOf.get(path)?.before ?? 0;
      this.#lastOf.set(path, { ordinal: this.#count - 1, before: times + 1 });
      return;
    }
    const links = type === 'symlink' ? this.#symlinks : this.#hardlinks;
    if (links.get(path) !== linkTarget) throw hostile(path, `it appears twice, as different ${type}s`);
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
