/** Removing a directory tree by byte paths: no link is ever followed. */
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
import { readMountPoints } from './mount-points.ts';

/**
 * Removes a tree without following links and without entering a mount, of the same file system or another. `spared`
 * directories stay, with all directories above them. The event loop gets its turns. Throws the first error after
 * everything else was removed.
 */
export async function removeTree(root: BytePath, spared: readonly Identity[] = []): Promise<void> {
  const start = lstatIfPresent(root);
  if (!start) return;
  const mounted = mountsWithin(root);
  let failure: unknown;
  let removed = 0;
  const pending: { path: BytePath; emptied: boolean }[] = [{ path: root, emptied: false }];
  while (pending.length > 0) {
    const { path, emptied } = pending.pop()!;
    try {
      const stat = lstatIfPresent(path);
      if (!stat) continue;
      if (mounted.has(path) || stat.dev !== start.dev) throw isMounted(path);
      if (!stat.isDirectory()) fs.unlinkSync(fsPath(path));
      else if (emptied) fs.rmdirSync(fsPath(path));
      else if (isOneOf(stat, spared)) throw isSpared(path);
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

const isMounted = (path: BytePath): Error =>
  Object.assign(new Error(`${displayPath(path)} is a mount`), { code: 'EXDEV' });

/** The mount points as paths that begin with `root` as it was given, whichever links lead there. */
function mountsWithin(root: BytePath): Set<BytePath> {
  const at = root.lastIndexOf('/');
  const parent = fs.realpathSync.native(fsPath(root.slice(0, at) || '/'), { encoding: 'latin1' });
  const real = joinPath(parent, root.slice(at + 1));
  const inside = readMountPoints().filter((point) => point === real || point.startsWith(`${real}/`));
  return new Set(inside.map((point) => root + point.slice(real.length)));
}

const isSpared = (path: BytePath): Error =>
  Object.assign(new Error(`${displayPath(path)} is the backup directory, or a part of it`), {
    code: 'EBUSY',
  });

/**
 * Lists a directory that is to be removed. Its owner may have dropped the right to list or change it, and root
 * without CAP_DAC_OVERRIDE may change only its own directories.
 */
function listForRemoval(path: BytePath, stat: fs.BigIntStats): BytePath[] {
  const [own, ownGroup] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
  const isOthers = Number(stat.uid) !== own;
  if (isOthers && own === 0) unlessDenied(() => fs.lchownSync(fsPath(path), own, ownGroup));
  if ((Number(stat.mode) & 0o700) !== 0o700) unlessDenied(() => fs.chmodSync(fsPath(path), 0o700));
  return namesIn(path);
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
