/**
 * Names below an open directory. Each directory on the way is opened without following a link, and the last ones stay open:
 * what is done with a name is done in the directory that was opened, whatever is put in its place meanwhile. A path may be
 * longer than the kernel takes at once.
 */
import { type BytePath, isErrno } from '@gofr-backup/model';
import type { DirectoryHandle } from './directory-handle.ts';
import type { FileStat } from './native/file-stat.ts';

const MOST_HELD = 128;

export class Beneath implements Disposable {
  readonly #top: DirectoryHandle;
  readonly #held = new Map<BytePath, DirectoryHandle>();

  /** The caller closes the top. Paths are relative to it, '' is the top itself. */
  constructor(top: DirectoryHandle) {
    this.#top = top;
  }

  /** For node:fs: the name itself, which must not be followed when it is a link. Throws as openSync. */
  at(path: BytePath): string | Buffer {
    const { directory, name } = this.place(path);
    return directory.at(name);
  }

  /** What has this name now is another one, or may be: it is opened anew, and all below it. '': everything. */
  forget(path: BytePath): void {
    for (const held of this.#held.keys())
      if (path === '' || held === path || held.startsWith(`${path}/`)) this.#close(held);
  }

  /** The open directory of a name. */
  place(path: BytePath): { directory: DirectoryHandle; name: BytePath } {
    const slash = path.lastIndexOf('/');
    return slash === -1
      ? { directory: this.#top, name: path === '' ? '.' : path }
      : { directory: this.directory(path.slice(0, slash)), name: path.slice(slash + 1) };
  }

  /** Open until others are asked for: 128 of them stay. */
  directory(path: BytePath): DirectoryHandle {
    if (path === '') return this.#top;
    const held = this.#held.get(path) ?? this.#top.openDirectory(path, { search: true });
    this.#held.delete(path);
    this.#held.set(path, held);
    if (this.#held.size > MOST_HELD) this.#close(this.#held.keys().next().value!);
    return held;
  }

  /** Of the name itself. Undefined when there is none, or when a directory above it is missing or is none. */
  lstat(path: BytePath): FileStat | undefined {
    try {
      const { directory, name } = this.place(path);
      return directory.lstat(name);
    } catch (error) {
      if (isErrno(error, 'ENOENT', 'ENOTDIR', 'ELOOP')) return undefined;
      throw error;
    }
  }

  #close(path: BytePath): void {
    this.#held.get(path)!.close();
    this.#held.delete(path);
  }

  [Symbol.dispose](): void {
    for (const path of this.#held.keys()) this.#close(path);
  }
}
