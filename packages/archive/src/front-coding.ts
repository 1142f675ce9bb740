/** Paths as columns: of each path only what it does not share with the path before it. */
import type { BytePath } from '@gofr-backup/model';
import { LONGEST_PATH } from './longest-path.ts';
import { type ColumnReader, ColumnWriter } from './columns.ts';

/** Room for the paths of nearly every tree; it grows when it has to. */
const USUAL_PATH = 2 * 4096;

export class PathWriter {
  /** of the shared beginning and of the suffix */
  readonly lengths = new ColumnWriter();
  readonly suffixes = new ColumnWriter();
  #last: BytePath = '';

  add(path: BytePath): void {
    const shared = sharedLength(this.#last, path);
    this.lengths.varint(shared);
    this.lengths.varint(path.length - shared);
    this.suffixes.latin1(path.slice(shared));
    this.#last = path;
  }

  clear(): void {
    this.lengths.clear();
    this.suffixes.clear();
    this.#last = '';
  }
}

/**
 * Reads front-coded paths. Each path is a flat string: a string made of parts would keep all paths before it in
 * memory.
 */
export class PathReader {
  #lengths: ColumnReader;
  #suffixes: ColumnReader;
  #path = Buffer.allocUnsafe(USUAL_PATH);
  #length = 0;

  constructor(lengths: ColumnReader, suffixes: ColumnReader) {
    this.#lengths = lengths;
    this.#suffixes = suffixes;
  }

  /** Throws RangeError when there is none, or none that an archive may have. */
  next(): BytePath {
    const shared = this.#lengths.varint();
    if (shared > this.#length) throw new RangeError('a path has no beginning');
    const suffix = this.#suffixes.raw(this.#lengths.varint());
    this.#length = shared + suffix.length;
    if (this.#length > LONGEST_PATH) throw new RangeError('a path is too long');
    if (this.#length > this.#path.length) this.#path = Buffer.concat([this.#path], LONGEST_PATH);
    this.#path.set(suffix, shared);
    return this.#path.toString('latin1', 0, this.#length);
  }
}

/** How many bytes two paths have in common at their beginning. */
export function sharedLength(a: BytePath, b: BytePath): number {
  const most = Math.min(a.length, b.length);
  let shared = 0;
  while (shared < most && a.charCodeAt(shared) === b.charCodeAt(shared)) shared++;
  return shared;
}
