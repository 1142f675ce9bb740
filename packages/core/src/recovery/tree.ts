/** A directory tree on disk by byte paths: names need not be UTF-8, and no link is ever followed. */
import * as fs from 'node:fs';
import { fsPath, joinPath } from '../archive/byte-path.ts';
import type { BytePath, Identity } from '../archive/types.ts';
import { isOneOf } from '../archive/walk.ts';

/** undefined when nothing is there (a parent that is missing or no directory included). */
export function look(path: BytePath): fs.BigIntStats | undefined {
  try {
    return fs.lstatSync(fsPath(path), { bigint: true });
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

export function exists(path: BytePath): boolean {
  return look(path) !== undefined;
}

/** A socket, FIFO or device: no archive of ours holds one. */
export function isSpecial(stat: fs.BigIntStats): boolean {
  return !stat.isFile() && !stat.isDirectory() && !stat.isSymbolicLink();
}

export function namesIn(directory: BytePath): BytePath[] {
  return fs.readdirSync(fsPath(directory), { encoding: 'latin1' });
}

export function parentOf(path: BytePath): BytePath {
  return path.slice(0, Math.max(1, path.lastIndexOf('/')));
}

export function isWithin(path: BytePath, directory: BytePath): boolean {
  return path === directory || path.startsWith(directory === '/' ? '/' : `${directory}/`);
}

/** With every link resolved; the path must exist. */
export function realPath(path: BytePath): BytePath {
  return fs.realpathSync.native(fsPath(path), { encoding: 'latin1' });
}

export interface TreeEntry {
  path: BytePath;
  /** below the walk's start, '' for the start itself */
  relative: BytePath;
  stat: fs.BigIntStats;
}

/** Parents before children, names sorted by bytes. What vanishes meanwhile is left out; `skip` prunes a subtree. */
export function* walk(
  start: BytePath,
  skip: (path: BytePath, stat: fs.BigIntStats) => boolean = () => false,
): Generator<TreeEntry> {
  const pending: BytePath[] = [''];
  while (pending.length > 0) {
    const relative = pending.pop()!;
    const path = relative === '' ? start : joinPath(start, relative);
    const stat = look(path);
    if (!stat || skip(path, stat)) continue;
    yield { path, relative, stat };
    if (!stat.isDirectory()) continue;
    for (const name of namesIn(path).sort().reverse()) pending.push(joinPath(relative, name));
  }
}

/**
 * Removes a tree without following links and without crossing into another file system: what is mounted below is not
 * ours. Nor are `spared` directories, which stay with all above them. Lets the event loop breathe. Throws the first error;
 * what could be removed is gone by then.
 */
export async function removeTree(root: BytePath, spared: readonly Identity[] = []): Promise<void> {
  const start = look(root);
  if (!start) return;
  let failure: unknown;
  let removed = 0;
  const pending: { path: BytePath; emptied: boolean }[] = [{ path: root, emptied: false }];
  while (pending.length > 0) {
    const { path, emptied } = pending.pop()!;
    try {
      const stat = look(path);
      if (!stat) continue;
      if (!stat.isDirectory()) fs.unlinkSync(fsPath(path));
      else if (emptied) fs.rmdirSync(fsPath(path));
      else if (stat.dev !== start.dev) throw new Error(`${path} is another file system`);
      else if (isOneOf(stat, spared)) throw new Error(`${path} is the backup directory, or a part of it`);
      else {
        pending.push({ path, emptied: true });
        for (const name of listForRemoval(path, stat))
          pending.push({ path: joinPath(path, name), emptied: false });
      }
    } catch (error) {
      failure ??= error;
    }
    if (++removed % 1000 === 0) await breathe();
  }
  if (failure !== undefined) throw failure as Error;
}

/** An owner may have taken the right to list or change the directory from himself. */
function listForRemoval(path: BytePath, stat: fs.BigIntStats): BytePath[] {
  if ((Number(stat.mode) & 0o700) !== 0o700) fs.chmodSync(fsPath(path), 0o700);
  return namesIn(path);
}

export function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export function fsyncPath(path: BytePath): void {
  const fd = fs.openSync(fsPath(path), fs.constants.O_RDONLY);
  try {
    fs.fsyncSync(fd);
  } catch (error) {
    // some network and FUSE file systems have no fsync for directories
    if (!isErrno(error, 'EINVAL', 'ENOTSUP', 'EISDIR', 'EBADF')) throw error;
  } finally {
    fs.closeSync(fd);
  }
}

export function isErrno(error: unknown, ...codes: string[]): boolean {
  return error instanceof Error && 'code' in error && codes.includes(String(error.code));
}
