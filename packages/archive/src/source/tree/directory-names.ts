/** The names in a directory, sorted by their bytes. A million of them cost little more than their own bytes. */
import { opendirSync, readdirSync } from 'node:fs';
import { type BytePath, fsPath } from '@gofr-backup/model';
import { isFailedLook } from '@gofr-backup/posix';

/**
 * A directory of this size or more is read in portions. tmpfs counts 20 bytes a name, other file systems 24 and more.
 */
const LARGE_BYTES = 1024 * 1024;
const READ_AHEAD = 1024;
const CHUNK_BYTES = 1024 * 1024;
/** A name has at most 255 bytes; its length stands before it. */
const MOST_BYTES = 256;
/** Sorts before every byte. */
const ENDED = -1;

export interface DirectoryNames {
  readonly length: number;
  /** latin1: a character a byte */
  at(n: number): string;
}

export const NO_NAMES: DirectoryNames = { length: 0, at: () => '' };

/** `size` of the directory itself. Throws what the file system does. */
export function directoryNames(directory: BytePath, size: number): DirectoryNames {
  const path = fsPath(directory);
  try {
    if (size > LARGE_BYTES) return packedNames(path);
  } catch (error) {
    // a file system without types, where Node looks at each entry, by a wrong name when it is no ASCII
    if (!isFailedLook(error)) throw error;
  }
  const names = readdirSync(path, { encoding: 'latin1' }).sort();
  return { length: names.length, at: (n) => names[n]! };
}

/** The same, in little memory. */
export function packedNames(path: string | Buffer): DirectoryNames {
  // Node's types know 'buffer' and 'utf8' only
  const options = { encoding: 'latin1' as BufferEncoding, bufferSize: READ_AHEAD };
  const directory = opendirSync(path as string, options);
  try {
    const names = new PackedNames();
    for (let found = directory.readSync(); found !== null; found = directory.readSync())
      names.add(found.name);
    names.sort();
    return names;
  } finally {
    directory.closeSync();
  }
}

/** Names one after the other in chunks of memory, and where each begins. */
class PackedNames implements DirectoryNames {
  #chunks: Buffer[] = [];
  #used = CHUNK_BYTES;
  #places = new Uint32Array(1024);
  length = 0;

  add(name: string): void {
    if (this.#used + MOST_BYTES > CHUNK_BYTES) {
      this.#chunks.push(Buffer.allocUnsafeSlow(CHUNK_BYTES));
      this.#used = 0;
    }
    if (this.length === this.#places.length) this.#grow();
    const chunk = this.#chunks.at(-1)!;
    this.#places[this.length++] = (this.#chunks.length - 1) * CHUNK_BYTES + this.#used;
    chunk[this.#used++] = name.length;
    this.#used += chunk.write(name, this.#used, 'latin1');
  }

  /** Sorts in place by radix exchange in three parts (Bentley and Sedgewick 1997), byte after byte. */
  sort(): void {
    const parts = [{ low: 0, high: this.length, depth: 0 }];
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const { low, high, depth } = part;
      if (high - low < 2) continue;
      const pivot = this.#byte(this.#places[(low + high) >>> 1]!, depth);
      const { less, more } = this.#divide(part, pivot);
      parts.push({ low, high: less, depth }, { low: more, high, depth });
      if (pivot !== ENDED) parts.push({ low: less, high: more, depth: depth + 1 });
    }
  }

  at(n: number): string {
    const place = this.#places[n]!;
    const chunk = this.#chunks[Math.floor(place / CHUNK_BYTES)]!;
    const start = (place % CHUNK_BYTES) + 1;
    return chunk.toString('latin1', start, start + chunk[start - 1]!);
  }

  /** Puts names with a smaller byte first, up to `less`, and names with a greater byte last, from `more` on. */
  #divide(part: { low: number; high: number; depth: number }, pivot: number): { less: number; more: number } {
    const places = this.#places;
    let less = part.low;
    let more = part.high;
    for (let at = less; at < more;) {
      const byte = this.#byte(places[at]!, part.depth);
      if (byte < pivot) swap(places, less++, at++);
      else if (byte > pivot) swap(places, at, --more);
      else at++;
    }
    return { less, more };
  }

  /** The byte of a name at `depth`, or ENDED when the name is shorter. */
  #byte(place: number, depth: number): number {
    const chunk = this.#chunks[Math.floor(place / CHUNK_BYTES)]!;
    const start = place % CHUNK_BYTES;
    return depth < chunk[start]! ? chunk[start + 1 + depth]! : ENDED;
  }

  #grow(): void {
    const more = new Uint32Array(2 * this.#places.length);
    more.set(this.#places);
    this.#places = more;
  }
}

function swap(places: Uint32Array, a: number, b: number): void {
  const kept = places[a]!;
  places[a] = places[b]!;
  places[b] = kept;
}
