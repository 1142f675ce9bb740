/**
 * Hard links, and names that an archive has more than once, as after `tar -r`. The last entry of a name is what tar leaves,
 * but a hard link that was made before keeps the file that had the name then.
 */
import type { BytePath } from '@gofr-backup/model';
import type { Kind } from './kinds.ts';

interface Repeated {
  /** of its entries after the first, counted over all entries of the archive */
  ordinals: number[];
  /** how many of those before the last are files */
  files: number;
}

/** A regular file that hard links lead to. */
export interface FileBehind {
  path: BytePath;
  /** which of the entries of its name, counted from 0; absent: the last */
  generation?: number;
}

export class RepeatedNames {
  readonly #names = new Map<BytePath, Repeated>();
  /** hard link -> the file at the end of the chain */
  readonly #files = new Map<BytePath, BytePath>();
  /** file -> hard links to it, perhaps also some that lead elsewhere by now */
  readonly #links = new Map<BytePath, BytePath[]>();
  /** hard links to a file that has lost its name */
  readonly #nameless = new Map<BytePath, FileBehind>();

  /** `file`: as it was before the link took its name. */
  link(link: BytePath, { path, generation }: FileBehind): void {
    const lost = path === link ? this.#newestLost(path) : generation;
    this.#files.set(link, path);
    if (lost !== undefined) this.#nameless.set(link, { path, generation: lost });
    else if (!this.#links.get(path)?.push(link)) this.#links.set(path, [link]);
  }

  /** Whether there is a name that comes twice. */
  get any(): boolean {
    return this.#names.size > 0;
  }

  #newestLost(path: BytePath): number {
    return this.#names.get(path)!.ordinals.length - 1;
  }

  fileBehind(link: BytePath): FileBehind | undefined {
    const path = this.#files.get(link);
    return this.#nameless.get(link) ?? (path === undefined ? undefined : { path });
  }

  /** The entry with this ordinal takes the name, which was `before` until now. */
  repeat(path: BytePath, before: Kind, ordinal: number): void {
    const name = this.#names.get(path) ?? { ordinals: [], files: 0 };
    this.#names.set(path, name);
    name.ordinals.push(ordinal);
    if (before === 'file') name.files++;
    this.#files.delete(path);
    this.#nameless.delete(path);
    const lost = { path, generation: this.#newestLost(path) };
    for (const link of this.#links.get(path) ?? [])
      if (this.#files.get(link) === path && !this.#nameless.has(link)) this.#nameless.set(link, lost);
    this.#links.delete(path);
  }

  /** Of an entry that a later one of its name has replaced: counted from 0; undefined for every other. */
  generationOf(path: BytePath, ordinal: number): number | undefined {
    const ordinals = this.#names.get(path)?.ordinals;
    return ordinals === undefined || ordinals.at(-1) === ordinal ? undefined : ordinals.indexOf(ordinal) + 1;
  }

  /** Each name with the number of its files that a later entry replaces. */
  *lostFiles(): Generator<[path: BytePath, files: number]> {
    for (const [path, { files }] of this.#names) yield [path, files];
  }
}
