/**
 * Paths in the order of a walk, with their kinds: a directory, then what lies in it, by the bytes of the names. Full blocks
 * are compressed. So a million paths take 5 to 20 MB, as much as is new in each name, and are found again exactly.
 */
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { BytePath } from '@gofr-backup/model';
import { ColumnReader, ColumnWriter } from '../columns.ts';
import { PathReader, PathWriter, sharedLength } from '../front-coding.ts';
import { type Kind, KINDS } from './kinds.ts';

/** Paths that are compressed together, and decoded together when one of them is asked for. */
const BLOCK_PATHS = 512;
const LEVEL = 1;
const SLASH = 0x2f;

/** Ascending. */
interface Block {
  paths: BytePath[];
  kinds: Kind[];
}

interface PackedBlock {
  first: BytePath;
  bytes: Buffer;
}

export class SortedPaths {
  readonly #packed: PackedBlock[] = [];
  /** the newest paths, not compressed yet */
  #open: Block = { paths: [], kinds: [] };
  /** the packed block that was decoded last */
  #decoded: { packed: PackedBlock; block: Block } | undefined;
  /** '' sorts before every path */
  #last: BytePath = '';
  length = 0;

  /** Whether it comes after all others. */
  follows(path: BytePath): boolean {
    return isBefore(this.#last, path);
  }

  /** A path that follows. */
  append(path: BytePath, kind: Kind): void {
    if (this.#open.paths.length === BLOCK_PATHS) {
      this.#packed.push(packed(this.#open));
      this.#open = { paths: [], kinds: [] };
    }
    this.#open.paths.push(path);
    this.#open.kinds.push(kind);
    this.#last = path;
    this.length++;
  }

  get(path: BytePath): Kind | undefined {
    if (this.length === 0 || this.follows(path)) return undefined;
    const { paths, kinds } = this.#blockAround(path);
    const at = lastNotAfter(path, paths.length, (n) => paths[n]!);
    return paths[at] === path ? kinds[at] : undefined;
  }

  #blockAround(path: BytePath): Block {
    if (!isBefore(path, this.#open.paths[0]!)) return this.#open;
    const packed = this.#packed[lastNotAfter(path, this.#packed.length, (n) => this.#packed[n]!.first)];
    if (packed === undefined) return { paths: [], kinds: [] };
    if (this.#decoded?.packed !== packed) this.#decoded = { packed, block: unpacked(packed) };
    return this.#decoded.block;
  }
}

/** Whether a walk meets `a` before `b`: a slash sorts before all other bytes. */
function isBefore(a: BytePath, b: BytePath): boolean {
  const shared = sharedLength(a, b);
  if (shared === b.length) return false;
  if (shared === a.length) return true;
  const [byteOfA, byteOfB] = [a.charCodeAt(shared), b.charCodeAt(shared)];
  return byteOfB !== SLASH && (byteOfA === SLASH || byteOfA < byteOfB);
}

/** The last of `length` ascending paths that does not come after `path`: -1 when all do. */
function lastNotAfter(path: BytePath, length: number, pathAt: (n: number) => BytePath): number {
  let [low, high] = [-1, length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (isBefore(path, pathAt(middle))) high = middle - 1;
    else low = middle;
  }
  return low;
}

function packed({ paths, kinds }: Block): PackedBlock {
  const { lengths, suffixes } = written(paths);
  const all = new ColumnWriter();
  for (const kind of kinds) all.byte(KINDS.indexOf(kind));
  all.varint(lengths.length);
  all.raw(lengths.view());
  all.raw(suffixes.view());
  const bytes = zstdCompressSync(all.view(), {
    params: { [constants.ZSTD_c_compressionLevel]: LEVEL },
    pledgedSrcSize: all.length,
  });
  const kept = Buffer.allocUnsafeSlow(bytes.length);
  kept.set(bytes);
  return { first: paths[0]!, bytes: kept };
}

function written(paths: readonly BytePath[]): PathWriter {
  const writer = new PathWriter();
  for (const path of paths) writer.add(path);
  return writer;
}

function unpacked({ bytes }: PackedBlock): Block {
  const all = new ColumnReader(zstdDecompressSync(bytes));
  const kinds = Array.from({ length: BLOCK_PATHS }, () => KINDS[all.byte()]!);
  const reader = new PathReader(all.column(), all);
  return { kinds, paths: kinds.map(() => reader.next()) };
}
