/** Removing a directory tree: no link is ever followed. */
import * as fs from 'node:fs';
import {
  type BytePath,
  displayPath,
  fsPath,
  type Identity,
  isErrno,
  isOneOf,
  joinPath,
} from '@gofr-backup/model';
import { DirectoryHandle } from './directory-handle.ts';
import { type FileStat, isDirectory } from './native/file-stat.ts';
import { OpenChain } from './open-chain.ts';

/**
 * Removes a tree without following links and without entering a mount, of the same file system or another, whatever is
 * exchanged in it meanwhile. `spared` directories stay, with all directories above them. The event loop gets its turns.
 * Throws the first error after everything else was removed.
 */
export async function removeTree(path: BytePath, spared: readonly Identity[] = []): Promise<void> {
  const slash = path.lastIndexOf('/');
  if (!lstatIfPresent(path)) return;
  using parent = DirectoryHandle.open(path.slice(0, slash) || '/', { follow: true, search: true });
  await removeTreeIn(parent, path, spared);
}

/** The same for the last name of `path` in an open directory, wherever the rest of the path leads. */
export async function removeTreeIn(
  parent: DirectoryHandle,
  path: BytePath,
  spared: readonly Identity[] = [],
): Promise<void> {
  const slash = path.lastIndexOf('/');
  using removal = new Removal(parent, path.slice(0, slash), spared);
  await removal.remove(path.slice(slash + 1));
}

/** A directory that is being emptied. */
interface Level {
  name: BytePath;
  /** what it still holds */
  names: BytePath[];
  stays: boolean;
}

class Removal implements Disposable {
  readonly #chain: OpenChain;
  readonly #parent: BytePath;
  readonly #mount: string;
  readonly #spared: readonly Identity[];
  readonly #levels: Level[] = [];
  #failure: unknown;

  constructor(parent: DirectoryHandle, path: BytePath, spared: readonly Identity[]) {
    this.#chain = new OpenChain(parent);
    this.#parent = path;
    this.#mount = mountOf(parent, parent.stat());
    this.#spared = spared;
  }

  async remove(name: BytePath): Promise<void> {
    this.#attempt(() => this.#removeName(name));
    for (let removed = 1; this.#levels.length > 0; removed++) {
      const next = this.#levels.at(-1)!.names.pop();
      this.#attempt(() => (next === undefined ? this.#leave() : this.#removeName(next)));
      if (removed % 1000 === 0) await breathe();
    }
    if (this.#failure !== undefined) throw this.#failure as Error;
  }

  #attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#failure ??= error;
    }
  }

  /** A directory is entered first. */
  #removeName(name: BytePath): void {
    const stat = this.#chain.last.lstat(name);
    if (stat === undefined) return;
    if (!isDirectory(stat)) return fs.unlinkSync(this.#chain.last.at(name));
    const { directory, stats } = this.#chain.enter(name);
    const level: Level = { name, names: [], stays: true };
    this.#levels.push(level);
    this.#refuse(directory, stats);
    level.stays = false;
    level.names = listForRemoval(directory, stats);
  }

  /** The way out of a directory that is empty now. */
  #leave(): void {
    const { name, stays } = this.#levels.pop()!;
    this.#chain.leave();
    if (!stays) fs.rmdirSync(this.#chain.last.at(name));
  }

  #refuse(directory: DirectoryHandle, stats: FileStat): void {
    if (mountOf(directory, stats) !== this.#mount) throw this.#refusal('EXDEV', 'is a mount');
    if (isOneOf(stats, this.#spared))
      throw this.#refusal('EBUSY', 'is the backup directory, or a part of it');
  }

  #refusal(code: string, what: string): Error {
    const path = this.#levels.reduce((above, { name }) => joinPath(above, name), this.#parent);
    return Object.assign(new Error(`${displayPath(path)} ${what}`), { code });
  }

  [Symbol.dispose](): void {
    this.#chain[Symbol.dispose]();
  }
}

/** Its file system, and which mount of it (proc(5), `fdinfo`): the same directory may be mounted at several places. */
function mountOf(directory: DirectoryHandle, { dev }: FileStat): string {
  const facts = fs.readFileSync(`/proc/self/fdinfo/${directory.fd}`, 'latin1');
  return `${dev} ${/^mnt_id:\s*(\d+)/m.exec(facts)?.[1]}`;
}

/**
 * Lists a directory that is to be removed. Its owner may have dropped the right to list or change it, and root
 * without CAP_DAC_OVERRIDE may change only its own directories.
 */
function listForRemoval(directory: DirectoryHandle, { uid, mode }: FileStat): BytePath[] {
  const [own, ownGroup] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  if (uid !== own && own === 0) unlessDenied(() => fs.chownSync(directory.path, own, ownGroup));
  if ((mode & 0o700) !== 0o700) unlessDenied(() => fs.chmodSync(directory.path, 0o700));
  return directory.names();
}

/** Ignores a refusal: the next step shows whether the right was needed. */
function unlessDenied(change: () => void): void {
  try {
    change();
  } catch (error) {
    if (!isErrno(error, 'EPERM')) throw error;
  }
}

/** Attributes of the path itself; undefined when there is nothing, or when its parent is missing or no directory. */
export function lstatIfPresent(path: BytePath): fs.BigIntStats | undefined {
  try {
    return fs.lstatSync(fsPath(path), { bigint: true });
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

export function namesIn(directory: BytePath): BytePath[] {
  return fs.readdirSync(fsPath(directory), { encoding: 'latin1' });
}

export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
