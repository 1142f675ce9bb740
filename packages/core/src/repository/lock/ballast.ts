/**
 * Space to throw overboard: a file that is given up when the disk is so full that not even a lock or a manifest fits,
 * because pruning, which would free space, needs both.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inheritOwner } from '../owner.ts';

/** Enough for a lock and some manifests. */
const SIZE = 1024 * 1024;
const ballastIn = (stateDir: string): string => join(stateDir, 'ballast');

/** Takes it on (again). No error: a disk too full for it must not fail what was done. */
export async function keepBallast(stateDir: string): Promise<void> {
  const path = ballastIn(stateDir);
  try {
    const there = await lstat(path).catch(() => undefined);
    if (there?.isFile() && there.size === SIZE) return;
    await rm(path, { force: true });
    // random, for file systems that compress; never through a link
    await writeFile(path, randomBytes(SIZE), { mode: 0o600, flag: 'wx' });
    await inheritOwner(path);
  } catch {
    await rm(path, { force: true }).catch(() => undefined);
  }
}

/** False when there was none. */
export async function dropBallast(stateDir: string): Promise<boolean> {
  const path = ballastIn(stateDir);
  if (!(await lstat(path).catch(() => undefined))?.isFile()) return false;
  // a snapshot, or a descriptor of somebody, could keep the blocks of a file that is only removed
  const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW).catch(() => undefined);
  await file?.truncate(0);
  await file?.close();
  return rm(path).then(
    () => true,
    () => file !== undefined,
  );
}
