/**
 * A pointer in the repository's state directory to each restore under way: where its work directories are, and which
 * places it may change. Journals are found without it by looking beside the components; with it also those of `--to`,
 * and of components whose settings have changed since. A pointer decides nothing.
 */
import * as fs from 'node:fs';
import { join } from 'node:path';
import { type BytePath, toBytePath, WORK_DIR } from '@gofr-backup/model';
import { isErrno, parentOf, readFileAt } from '@gofr-backup/posix';
import type { Ground } from './ground/ground.ts';
import { isAbsolutePath, type Journal } from './journal.ts';
import { strayed } from './strayed.ts';

export interface Pointer {
  id: string;
  workDirs: BytePath[];
  places: BytePath[];
  /** the inode numbers of the directories that the work directories lie in; absent: nobody knows */
  homes?: string[];
}

const NAME = /^restore-([0-9a-f]{16})\.json$/;
const pathOf = (stateDir: string, id: string): string => join(stateDir, `restore-${id}.json`);

/**
 * The directories that the work directories will lie in are there. False when the state directory cannot be written (a
 * read-only backup mount): the restore works without.
 */
export function writePointer(stateDir: string, { id, workDirs, places }: Journal, ground: Ground): boolean {
  const homes = workDirs.map((workDir) => String(ground.directory(parentOf(workDir)).stat().ino));
  try {
    fs.writeFileSync(
      pathOf(stateDir, id),
      JSON.stringify({ id, workDirs, places, homes } satisfies Pointer),
      {
        flush: true,
        flag: 'wx',
        mode: 0o644,
      },
    );
    return true;
  } catch (error) {
    if (isErrno(error, 'EROFS', 'EACCES', 'EPERM', 'ENOENT')) return false;
    throw error;
  }
}

export function removePointer(stateDir: string, id: string): void {
  try {
    fs.rmSync(pathOf(stateDir, id), { force: true });
  } catch {
    // In a read-only state directory the pointer stays. It leads nowhere, and the next process that may write removes
    // it.
  }
}

/** Those that can be read and believed; one whose restore is over is removed on the way. */
export function readPointers(stateDir: string, ground: Ground): Pointer[] {
  return names(stateDir).flatMap((name) => {
    const pointer = read(join(stateDir, name));
    if (!pointer) return [];
    const homes = homesOf([pointer]);
    const isOver = pointer.workDirs.every((dir) => isGone(dir, homes.get(dir), ground));
    if (isOver) removePointer(stateDir, pointer.id);
    return isOver ? [] : [pointer];
  });
}

/** By work directory. */
export const homesOf = (pointers: readonly Pointer[]): Map<BytePath, string> =>
  new Map(pointers.flatMap(({ workDirs, homes = [] }) => homes.map((home, at) => [workDirs[at]!, home])));

/**
 * Under any name, from the very directory that it was made in. A link or another directory there hides it, as an unmounted disk
 * does; then it may come back. `home` absent: any directory there counts.
 */
export function isGone(workDir: BytePath, home: string | undefined, ground: Ground): boolean {
  try {
    const directory = ground.directory(parentOf(workDir));
    if (home !== undefined && String(directory.stat().ino) !== home) return false;
    return directory.lstat(baseName(workDir)) === undefined && strayed(workDir, ground) === undefined;
  } catch {
    return false;
  }
}

const baseName = (path: BytePath): BytePath => path.slice(path.lastIndexOf('/') + 1);

/** undefined: another user's restore, in a place that is closed to us. */
export function isThere(path: BytePath, ground: Ground): boolean | undefined {
  try {
    return ground.exists(path);
  } catch (error) {
    if (isErrno(error, 'EACCES', 'EPERM')) return undefined;
    throw error;
  }
}

function names(stateDir: string): string[] {
  try {
    return fs.readdirSync(stateDir).filter((name) => NAME.test(name));
  } catch {
    return [];
  }
}

function read(path: string): Pointer | undefined {
  try {
    const { id, workDirs, places, homes } = JSON.parse(readFileAt(toBytePath(path)) ?? '') as Pointer;
    const paths = [...workDirs, ...places];
    const named = workDirs.every((dir) => WORK_DIR.exec(baseName(dir))?.[1] === id);
    if (!/^[0-9a-f]{16}$/.test(id) || !named || !paths.every(isAbsolutePath)) return undefined;
    const isKnown = Array.isArray(homes) && homes.length === workDirs.length;
    return { id, workDirs, places, ...(isKnown && { homes: homes.map(String) }) };
  } catch {
    return undefined;
  }
}
