/**
 * Directory trees as literals: one function makes one on disk, one reads it back for comparison.
 * Bytes of a name that are not UTF-8 are written as U+DC80..U+DCFF, one character a byte (as Python's surrogateescape).
 */
import { createHash } from 'node:crypto';
import type { BigIntStats } from 'node:fs';
import { execFile } from 'node:child_process';
import {
  chmod,
  chown,
  lchown,
  link as linkFile,
  lstat,
  lutimes,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  symlink as makeSymlink,
  utimes,
} from 'node:fs/promises';
import { promisify } from 'node:util';

export interface Attributes {
  mode?: number;
  /** seconds since the epoch, fractions allowed */
  mtime?: number;
  uid?: number;
  gid?: number;
}

const KIND = Symbol('kind');
interface Special extends Attributes {
  [KIND]: 'file' | 'directory' | 'symlink' | 'hardlink' | 'sparse' | 'fifo';
  content?: string | Uint8Array;
  tree?: Tree;
  /** symlink: its text; hardlink: a path from the root of the literal */
  target?: string;
  size?: number;
  data?: readonly (readonly [offset: number, content: string | Uint8Array])[];
}

/** A string or bytes: a file. An object: a directory. Anything else: made by the functions below. */
export type Node = string | Uint8Array | Tree | Special;
export interface Tree {
  [name: string]: Node;
}

export const file = (content: string | Uint8Array, attributes: Attributes = {}): Special => ({
  ...attributes,
  [KIND]: 'file',
  content,
});
export const directory = (tree: Tree, attributes: Attributes = {}): Special => ({
  ...attributes,
  [KIND]: 'directory',
  tree,
});
export const symlink = (target: string, attributes: Attributes = {}): Special => ({
  ...attributes,
  [KIND]: 'symlink',
  target,
});
export const hardlink = (target: string): Special => ({ [KIND]: 'hardlink', target });
/** `size` bytes, of which only `data` was ever written. */
export const sparse = (
  size: number,
  data: readonly (readonly [offset: number, content: string | Uint8Array])[] = [],
  attributes: Attributes = {},
): Special => ({ ...attributes, [KIND]: 'sparse', size, data });
export const fifo = (): Special => ({ [KIND]: 'fifo' });

const isSpecial = (node: Node): node is Special => typeof node === 'object' && KIND in node;

/** The name's bytes on disk. */
export function nameBytes(name: string): Buffer {
  const parts: Buffer[] = [];
  for (const character of name) {
    const code = character.codePointAt(0) ?? 0;
    parts.push(code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - 0xdc00]) : Buffer.from(character));
  }
  return Buffer.concat(parts);
}

/** The inverse of `nameBytes`. */
export function nameOf(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (Buffer.from(text).equals(bytes)) return text;
  let name = '';
  for (let at = 0; at < bytes.length;) {
    const length = [1, 2, 3, 4].find((size) => {
      const piece = bytes.subarray(at, at + size);
      return piece.length === size && Buffer.from(piece.toString('utf8')).equals(piece);
    });
    name +=
      length === undefined
        ? String.fromCharCode(0xdc00 + bytes.readUInt8(at))
        : bytes.toString('utf8', at, at + length);
    at += length ?? 1;
  }
  return name;
}

const childPath = (parent: Buffer, name: Buffer): Buffer => Buffer.concat([parent, Buffer.from('/'), name]);

/** Makes `tree` below `dir`, which is created when missing. Directory times are set last, deepest first. */
export async function makeTree(dir: string, tree: Tree): Promise<string> {
  await mkdir(dir, { recursive: true });
  const later: (() => Promise<void>)[] = [];
  await makeChildren(Buffer.from(dir), tree, { root: Buffer.from(dir), later });
  for (const finish of later) await finish();
  return dir;
}

interface TreeBuild {
  root: Buffer;
  /** hard links, whose targets may come later in the literal, then nothing else */
  later: (() => Promise<void>)[];
}

async function makeChildren(parent: Buffer, tree: Tree, build: TreeBuild): Promise<void> {
  for (const [name, node] of Object.entries(tree))
    await make(childPath(parent, nameBytes(name)), node, build);
}

async function make(path: Buffer, node: Node, build: TreeBuild): Promise<void> {
  if (!isSpecial(node)) {
    const plain = typeof node === 'string' || node instanceof Uint8Array;
    return make(path, plain ? file(node) : directory(node), build);
  }
  switch (node[KIND]) {
    case 'directory':
      await mkdir(path, { recursive: true });
      await makeChildren(path, node.tree ?? {}, build);
      build.later.push(() => setAttributes(path, node));
      return;
    case 'hardlink':
      build.later.unshift(() => linkFile(childPath(build.root, nameBytes(node.target ?? '')), path));
      return;
    case 'symlink':
      await makeSymlink(nameBytes(node.target ?? ''), path);
      if (node.mtime !== undefined) await lutimes(path, node.mtime, node.mtime);
      if (node.uid !== undefined) await lchown(path, node.uid, node.gid ?? node.uid);
      return;
    case 'fifo':
      await promisify(execFile)('mkfifo', [path.toString()]);
      return;
    default:
      await writeContent(path, node);
      await setAttributes(path, node);
  }
}

async function writeContent(path: Buffer, node: Special): Promise<void> {
  const handle = await open(path, 'wx');
  try {
    if (node[KIND] === 'file') await handle.writeFile(node.content ?? '');
    if (node.size !== undefined) await handle.truncate(node.size);
    for (const [offset, content] of node.data ?? []) {
      const bytes = typeof content === 'string' ? Buffer.from(content) : content;
      await handle.write(bytes, 0, bytes.length, offset);
    }
  } finally {
    await handle.close();
  }
}

async function setAttributes(path: Buffer, node: Attributes): Promise<void> {
  if (node.uid !== undefined) await chown(path, node.uid, node.gid ?? node.uid);
  if (node.mode !== undefined) await chmod(path, node.mode);
  if (node.mtime !== undefined) await utimes(path, node.mtime, node.mtime);
}

export interface TreeEntry {
  type: 'file' | 'directory' | 'symlink' | 'other';
  mode?: number;
  mtimeNs?: bigint;
  uid?: number;
  gid?: number;
  size?: number;
  /** short UTF-8 text as it is, else `sha256:<hex>` */
  content?: string;
  /** symlink: its text */
  target?: string;
  /** the first path in this tree with the same inode, when there is an earlier one */
  hardlinkTo?: string;
}

/**
 * Everything below `dir`, by path, sorted; comparable with `toEqual`. `without` leaves fields out,
 * e.g. owners, which an ordinary user cannot restore.
 */
export async function readTree(
  dir: string,
  options: { without?: readonly (keyof TreeEntry)[] } = {},
): Promise<Record<string, TreeEntry>> {
  const found: Record<string, TreeEntry> = {};
  const inodes = new Map<string, string>();
  const visit = async (parent: Buffer, prefix: string): Promise<void> => {
    const names = await readdir(parent, { encoding: 'buffer' });
    for (const name of names.toSorted(Buffer.compare)) {
      const path = childPath(parent, name);
      const display = prefix + nameOf(name);
      const stats = await lstat(path, { bigint: true });
      found[display] = withoutFields(await readEntry(path, stats, display, inodes), options.without ?? []);
      if (stats.isDirectory()) await visit(path, `${display}/`);
    }
  };
  await visit(Buffer.from(dir), '');
  return found;
}

async function readEntry(
  path: Buffer,
  stats: BigIntStats,
  display: string,
  inodes: Map<string, string>,
): Promise<TreeEntry> {
  const common = {
    mode: Number(stats.mode & 0o7777n),
    mtimeNs: stats.mtimeNs,
    uid: Number(stats.uid),
    gid: Number(stats.gid),
  };
  if (stats.isDirectory()) return { type: 'directory', ...common };
  if (stats.isSymbolicLink()) {
    return { type: 'symlink', ...common, target: nameOf(await readlink(path, { encoding: 'buffer' })) };
  }
  if (!stats.isFile()) return { type: 'other', ...common };
  const inode = `${stats.dev}:${stats.ino}`;
  const first = inodes.get(inode);
  inodes.set(inode, first ?? display);
  const bytes = await readFile(path);
  return {
    type: 'file',
    ...common,
    size: bytes.length,
    content: contentOf(bytes),
    ...(first === undefined ? {} : { hardlinkTo: first }),
  };
}

function contentOf(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  if (bytes.length <= 200 && Buffer.from(text).equals(bytes)) return text;
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function withoutFields(entry: TreeEntry, fields: readonly (keyof TreeEntry)[]): TreeEntry {
  for (const field of fields) if (field !== 'type') delete entry[field];
  return entry;
}
