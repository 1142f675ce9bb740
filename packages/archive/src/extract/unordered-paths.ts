/**
 * A map from paths in any order to their kinds. It takes little more memory than the names themselves, outside the heap
 * of V8, while the names in a directory ascend. A directory that is asked for a name out of order gets a Map of all its
 * names.
 */
import type { BytePath } from '@gofr-backup/model';
import { hostile } from '../refusals.ts';
import { type Kind, KINDS } from './kinds.ts';

const CHUNK_BITS = 18;
const CHUNK_BYTES = 1 << CHUNK_BITS;
/** A record: the place of the directory's record before it, the kind, the length of the name, the name. */
const KIND_AT = 4;
const LENGTH_AT = 5;
const NAME_AT = 6;
const MOST_BYTES = NAME_AT + 255;
/** The place that no record has. */
const NONE = 0;
/** Places are 32 bits wide. */
const MOST_CHUNKS = 2 ** (32 - CHUNK_BITS);

interface Directory {
  /** place of the record that was added last */
  newest: number;
  /** the greatest of its names */
  greatest: string;
  /** places by name; absent while names only ascended */
  index?: Map<string, number>;
}

/** Paths are canonical, no component longer than 255 bytes. */
export class UnorderedPaths {
  readonly #chunks: Buffer[] = [];
  #used = CHUNK_BYTES;
  /** a directory without an index is kept as the place of its newest record alone, whose name is the greatest */
  readonly #closed = new Map<BytePath, Directory | number>();
  /** the directory that was used last */
  #path: BytePath = '';
  #open: Directory = { newest: NONE, greatest: '' };

  get(path: BytePath): Kind | undefined {
    const place = this.#find(path);
    return place === NONE ? undefined : KINDS[this.#byte(place + KIND_AT)];
  }

  set(path: BytePath, kind: Kind): void {
    const place = this.#find(path);
    if (place === NONE) this.#add(path, KINDS.indexOf(kind));
    else this.#chunks[place >>> CHUNK_BITS]![(place % CHUNK_BYTES) + KIND_AT] = KINDS.indexOf(kind);
  }

  /** Opens the path's directory. */
  #find(path: BytePath): number {
    const slash = path.lastIndexOf('/');
    if (slash === -1 ? this.#path !== '' : slash !== this.#path.length || !path.startsWith(this.#path))
      this.#enter(slash === -1 ? '' : path.slice(0, slash));
    const name = path.slice(slash + 1);
    const directory = this.#open;
    if (name > directory.greatest) return NONE;
    directory.index ??= this.#indexOf(directory);
    return directory.index.get(name) ?? NONE;
  }

  #enter(path: BytePath): void {
    const { newest, index } = this.#open;
    if (newest !== NONE) this.#closed.set(this.#path, index ? this.#open : newest);
    const found = this.#closed.get(path) ?? NONE;
    this.#open =
      typeof found === 'object'
        ? found
        : { newest: found, greatest: found === NONE ? '' : this.#name(found) };
    this.#path = path;
  }

  #indexOf({ newest }: Directory): Map<string, number> {
    const index = new Map<string, number>();
    for (let place = newest; place !== NONE;) {
      index.set(this.#name(place), place);
      place = this.#chunks[place >>> CHUNK_BITS]!.readUInt32LE(place % CHUNK_BYTES);
    }
    return index;
  }

  /** Adds a record to the directory that is open. */
  #add(path: BytePath, kind: number): void {
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (this.#used + MOST_BYTES > CHUNK_BYTES) this.#grow(path);
    const chunk = this.#chunks.at(-1)!;
    const at = this.#used;
    const directory = this.#open;
    chunk.writeUInt32LE(directory.newest, at);
    chunk[at + KIND_AT] = kind;
    chunk[at + LENGTH_AT] = name.length;
    this.#used += NAME_AT + chunk.write(name, at + NAME_AT, 'latin1');
    directory.newest = (this.#chunks.length - 1) * CHUNK_BYTES + at;
    directory.index?.set(name, directory.newest);
    if (name > directory.greatest) directory.greatest = name;
  }

  #grow(path: BytePath): void {
    if (this.#chunks.length === MOST_CHUNKS) throw hostile(path, 'the names before it take more than 4 GiB');
    this.#chunks.push(Buffer.allocUnsafeSlow(CHUNK_BYTES));
    this.#used = this.#chunks.length === 1 ? NONE + 1 : 0;
  }

  #name(place: number): string {
    const start = place + NAME_AT;
    const at = start % CHUNK_BYTES;
    return this.#chunks[place >>> CHUNK_BITS]!.toString('latin1', at, at + this.#byte(place + LENGTH_AT));
  }

  #byte(place: number): number {
    return this.#chunks[Math.floor(place / CHUNK_BYTES)]![place % CHUNK_BYTES]!;
  }
}
