/**
 * Where a restore works. Absolute paths without links are looked up from the root on: each directory is opened in the one
 * above it, no link is followed, and the last ones stay open. A directory that the plan saw must still be the same one, and a
 * work directory stays the one that was made, whatever is put in its place. So what the application exchanges meanwhile
 * leads nowhere else.
 */
import * as fs from 'node:fs';
import { BackupError, type BytePath, displayPath, fsPath, type Identity, joinPath } from '@gofr-backup/model';
import {
  Beneath,
  DirectoryHandle,
  exchange,
  type FileStat,
  isDirectory,
  isErrno,
  isWithin,
  type Named,
  parentOf,
  renameToFree,
} from '@gofr-backup/posix';

export interface TreeEntry {
  path: BytePath;
  /** below the walk's start, '' for the start itself */
  relative: BytePath;
  stat: FileStat;
}

const baseName = (path: BytePath): BytePath => path.slice(path.lastIndexOf('/') + 1);
const isSame = (a: Identity, b: Identity): boolean => a.ino === b.ino && a.dev === b.dev;

export class Ground implements Disposable {
  readonly #root = DirectoryHandle.open('/', { search: true });
  readonly #beneath = new Beneath(this.#root);
  readonly #own = new Map<BytePath, { handle: DirectoryHandle; beneath: Beneath }>();
  readonly #known = new Map<BytePath, Identity>();

  /** Attributes of the name itself; undefined when there is none, or when a link or a file is on the way. */
  lstat(path: BytePath): FileStat | undefined {
    const own = this.#own.get(path);
    if (own) return own.handle.stat();
    const { beneath, below } = this.#way(path);
    this.#check(parentOf(path), beneath);
    try {
      return beneath.lstat(below);
    } catch (error) {
      throw told(error, path);
    }
  }

  /** The same. Throws FAILED when a directory was known there, and it is another one or gone. */
  lstatKnown(path: BytePath): FileStat | undefined {
    const stat = this.lstat(path);
    const known = this.#known.get(path);
    if (known !== undefined && (stat === undefined || !isSame(stat, known))) throw movedAway(path);
    return stat;
  }

  exists(path: BytePath): boolean {
    return this.lstat(path) !== undefined;
  }

  isDirectory(path: BytePath): boolean {
    const stat = this.lstat(path);
    return stat !== undefined && isDirectory(stat);
  }

  names(directory: BytePath): BytePath[] {
    return this.directory(directory).names();
  }

  /** Open until others are asked for. Throws FAILED when it is another one than was known, or a link is on the way. */
  directory(path: BytePath): DirectoryHandle {
    const own = this.#own.get(path);
    if (own) return own.handle;
    const { beneath, below } = this.#way(path);
    return this.#opened(path, beneath, below);
  }

  /** For node:fs and the functions of posix: the name itself, which must not be followed when it is a link. */
  at(path: BytePath): BytePath {
    const { directory, name } = this.named(path);
    return `${directory.path}/${name}`;
  }

  named(path: BytePath): Named {
    return path === '/'
      ? { directory: this.#root, name: '.' }
      : { directory: this.directory(parentOf(path)), name: baseName(path) };
  }

  /**
   * Parents before children, names sorted by bytes. What vanishes meanwhile is left out; `skip` prunes a subtree. Throws
   * PERMISSION at a directory that this user may not look into.
   */
  *walk(
    start: BytePath,
    skip: (path: BytePath, stat: FileStat) => boolean = () => false,
  ): Generator<TreeEntry> {
    const pending: BytePath[] = [''];
    while (pending.length > 0) {
      const relative = pending.pop()!;
      const path = relative === '' ? start : joinPath(start, relative);
      const stat = lookedInto(parentOf(path), () => this.lstat(path));
      if (!stat || skip(path, stat)) continue;
      yield { path, relative, stat };
      if (!isDirectory(stat)) continue;
      const names = lookedInto(path, () => this.names(path));
      for (const name of names.sort().reverse()) pending.push(joinPath(relative, name));
    }
  }

  /** With all directories above that are missing. */
  makeDirectory(path: BytePath): void {
    if (this.exists(path)) return;
    this.makeDirectory(parentOf(path));
    fs.mkdirSync(fsPath(this.at(path)));
  }

  /** Whatever has the new name is replaced, as far as rename(2) does it. */
  rename(from: BytePath, to: BytePath): void {
    this.#renaming(from, to, (one, other) =>
      fs.renameSync(one.directory.at(one.name), other.directory.at(other.name)),
    );
    this.#leave(from, to);
  }

  /** Throws EEXIST when something has the new name. */
  renameToFree(from: BytePath, to: BytePath): void {
    this.#renaming(from, to, renameToFree);
    this.#leave(from, to);
  }

  /** Both are there. False: they are as they were, the system cannot do it. */
  exchange(one: BytePath, other: BytePath): boolean {
    return this.#renaming(one, other, exchange);
  }

  #renaming<T>(from: BytePath, to: BytePath, rename: (from: Named, to: Named) => T): T {
    const [one, other] = [this.named(from), this.named(to)];
    try {
      return rename(one, other);
    } catch (error) {
      throw told(error, from, to);
    } finally {
      for (const path of [from, to]) {
        const { beneath, below } = this.#way(path);
        beneath.forget(below);
      }
    }
  }

  /** What lies there now is not what was known: this program itself moves it. */
  #leave(...paths: BytePath[]): void {
    for (const path of paths) this.#known.delete(path);
  }

  /** From now on the path leads to this directory, or nowhere. What was known first counts. */
  know(path: BytePath, directory: Identity): void {
    if (!this.#known.has(path)) this.#known.set(path, { dev: directory.dev, ino: directory.ino });
  }

  /** Those that are known are still the same, and found anew. Answers their paths. */
  assertKnown(): BytePath[] {
    this.#beneath.forget('');
    const known = [...this.#known.keys()];
    for (const path of known) this.directory(path);
    return known;
  }

  /** From now on the path leads to this very directory, wherever it is moved. The ground closes it. */
  hold(path: BytePath, handle: DirectoryHandle): void {
    this.release(path);
    this.#own.set(path, { handle, beneath: new Beneath(handle) });
  }

  isHeld(path: BytePath): boolean {
    return this.#own.has(path);
  }

  release(path: BytePath): void {
    const own = this.#own.get(path);
    own?.beneath[Symbol.dispose]();
    own?.handle.close();
    this.#own.delete(path);
  }

  /** From which open directory on a path is looked up. */
  #way(path: BytePath): { beneath: Beneath; below: BytePath } {
    for (const [at, { beneath }] of this.#own)
      if (path !== at && isWithin(path, at)) return { beneath, below: path.slice(at.length + 1) };
    return { beneath: this.#beneath, below: path.slice(1) };
  }

  #opened(path: BytePath, beneath: Beneath, below: BytePath): DirectoryHandle {
    const known = this.#known.get(path);
    try {
      const directory = beneath.directory(below);
      if (known === undefined || isSame(directory.stat(), known)) return directory;
    } catch (error) {
      if (isErrno(error, 'ELOOP', 'ENOTDIR') || (known !== undefined && isErrno(error, 'ENOENT')))
        throw movedAway(path, error);
      throw told(error, path);
    }
    throw movedAway(path);
  }

  #check(path: BytePath, beneath: Beneath): void {
    if (this.#known.has(path)) this.#opened(path, beneath, this.#way(path).below);
  }

  [Symbol.dispose](): void {
    for (const path of [...this.#own.keys()]) this.release(path);
    this.#beneath[Symbol.dispose]();
    this.#root.close();
  }
}

export function movedAway(place: BytePath, cause?: unknown): BackupError {
  return new BackupError('FAILED', `${displayPath(place)} is no longer what it was when the restore began`, {
    why: 'something put a symlink or another directory there meanwhile',
    hint: 'Nothing was replaced. Stop the services that write there, and run the restore again.',
    cause,
  });
}

function lookedInto<T>(directory: BytePath, look: () => T): T {
  try {
    return look();
  } catch (cause) {
    if (!isErrno(cause, 'EACCES')) throw cause;
    throw new BackupError('PERMISSION', `${displayPath(directory)} is closed to this user`, {
      why: 'it may not be listed or searched, and what is in it has to be known before anything is replaced',
      hint: 'Open it (chmod u+rx), or do this as root.',
      details: { directory: displayPath(directory) },
      cause,
    });
  }
}

/** The error of the system with the paths that people know. */
function told(error: unknown, ...paths: BytePath[]): unknown {
  if (error instanceof Error && !(error instanceof BackupError)) {
    const shown = paths.map((path) => `'${displayPath(path)}'`).join(' -> ');
    error.message = `${error.message.replace(/ '.*$/s, '')} ${shown}`;
  }
  return error;
}
