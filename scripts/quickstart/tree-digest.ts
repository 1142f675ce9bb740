import { createHash } from 'node:crypto';
import { createReadStream, lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { ignoring } from '@gofr-backup/model';

/** What a file is, so far as a restore must bring it back. */
export interface Fact {
  type: 'file' | 'directory' | 'link';
  mode: number;
  size: number;
  /** hex SHA-256 of a file's bytes, the target of a link, '' of a directory */
  content: string;
  mtimeMs: number;
  /** the later of its times: when it last changed in any way */
  touchedMs: number;
}
/** By path below the root, read as Latin-1, so that every name of bytes has a string of its own. */
export type TreeDigest = Map<string, Fact>;

/** Every file, directory and link below `root`; sockets and devices are left out, and what vanishes meanwhile. */
export async function digestTree(root: string): Promise<TreeDigest> {
  const digest: TreeDigest = new Map();
  for (const { path, below, stats } of walk(Buffer.from(root))) {
    const type = typeOf(stats);
    const fact = type && (await unlessVanished(() => factOf(path, type, stats)));
    if (fact) digest.set(below, fact);
  }
  return digest;
}

/** Bytes of all files below `root`; reads no file. */
export function bytesBelow(root: string): number {
  let bytes = 0;
  for (const { stats } of walk(Buffer.from(root))) if (stats.isFile()) bytes += stats.size;
  return bytes;
}

interface Found {
  path: Buffer;
  below: string;
  stats: Stats;
}

function* walk(directory: Buffer, below = ''): Generator<Found> {
  for (const name of readdirSync(directory, { encoding: 'buffer' })) {
    const path = Buffer.concat([directory, Buffer.from('/'), name]);
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (!stats) continue;
    const found = { path, below: below + name.toString('latin1'), stats };
    yield found;
    if (stats.isDirectory()) yield* walk(path, `${found.below}/`);
  }
}

async function unlessVanished<T>(read: () => Promise<T>): Promise<T | undefined> {
  return read().catch(ignoring('ENOENT'));
}

export interface Difference {
  path: string;
  what: string;
}

/** How `actual` differs from `expected`: missing, unwanted, or other in content, mode or (files) time. */
export function differences(expected: TreeDigest, actual: TreeDigest): Difference[] {
  const unwanted = [...actual.keys()]
    .filter((path) => !expected.has(path))
    .map((path) => ({ path, what: 'unwanted' }));
  const other = [...expected].flatMap(([path, fact]) => {
    const what = differs(fact, actual.get(path));
    return what === undefined ? [] : [{ path, what }];
  });
  return [...other, ...unwanted];
}

function differs(expected: Fact, actual: Fact | undefined): string | undefined {
  if (!actual) return 'missing';
  if (expected.type !== actual.type) return `a ${actual.type} instead of a ${expected.type}`;
  if (expected.content !== actual.content) return 'other content';
  if (expected.type !== 'link' && expected.mode !== actual.mode) return 'other mode';
  if (expected.type === 'file' && Math.abs(expected.mtimeMs - actual.mtimeMs) >= 1) return 'other time';
  return undefined;
}

function typeOf(stats: Stats): Fact['type'] | undefined {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'link' : undefined;
}

async function factOf(path: Buffer, type: Fact['type'], stats: Stats): Promise<Fact> {
  const content = type === 'file' ? await sha256(path) : type === 'link' ? readlinkSync(path, 'latin1') : '';
  return {
    type,
    content,
    mode: stats.mode & 0o7777,
    size: type === 'file' ? stats.size : 0,
    mtimeMs: stats.mtimeMs,
    touchedMs: Math.max(stats.mtimeMs, stats.ctimeMs),
  };
}

async function sha256(path: Buffer): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
