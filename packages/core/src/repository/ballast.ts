/**
 * Space to throw overboard: a file that is given up when the disk is so full that not even a lock or a manifest fits,
 * because pruning, which would free space, needs both.
 */
import { randomBytes } from 'node:crypto';
import { open, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inheritOwner } from './owner.ts';

/** Enough for a lock and some manifests. */
const SIZE = 1024 * 1024;
const ballastIn = (stateDir: string): string => join(stateDir, 'ballast');

/** Takes it on (again). No error: a disk too full for it must not fail what was done. */
export async function keepBallast(stateDir: string): Promise<void> {
  const path = ballastIn(stateDir);
  try {
    if ((await stat(path).catch(() => undefined))?.size === SIZE) return;
    // random, for file systems that compress
    await writeFile(path, randomBytes(SIZE), { mode: 0o600 });
    await inheritOwner(path);
  } catch {
    await rm(path, { force: true }).catch(() => undefined);
  }
}

/** False when there was none. */
export async function dropBallast(stateDir: string): Promise<boolean> {
  const handle = await open(ballastIn(stateDir), 'r+').catch(() => undefined);
  if (handle === undefined) return false;
  await handle.truncate(0);
  await handle.close();
  await rm(ballastIn(stateDir), { force: true });
  return true;
}
