/** A directory tree on disk by byte paths: names need not be UTF-8, and no link is ever followed. */
import * as fs from 'node:fs';
import { type BytePath, fsPath, isErrno, joinPath } from '@gofr-backup/model';
import { lstatIfPresent, namesIn } from './remove-tree.ts';

export { breathe, lstatIfPresent, namesIn, removeTree } from './remove-tree.ts';

export function exists(path: BytePath): boolean {
  return lstatIfPresent(path) !== undefined;
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
    const stat = lstatIfPresent(path);
    if (!stat || skip(path, stat)) continue;
    yield { path, relative, stat };
    if (!stat.isDirectory()) continue;
    for (const name of namesIn(path).sort().reverse()) pending.push(joinPath(relative, name));
  }
}

export function fsyncPath(path: BytePath): void {
  const fd = fs.openSync(fsPath(path), fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
  try {
    fs.fsyncSync(fd);
  } catch (error) {
    // some network and FUSE file systems have no fsync for directories
    if (!isErrno(error, 'EINVAL', 'ENOTSUP', 'EISDIR', 'EBADF')) throw error;
  } finally {
    fs.closeSync(fd);
  }
}
