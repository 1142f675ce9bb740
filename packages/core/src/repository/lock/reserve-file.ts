/**
 * The reserve file: space that is freed when the disk is so full that neither a lock nor a manifest fits. Pruning,
 * which would free space, needs both. On disk its name is `ballast`, which older versions know.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inheritOwner } from '../owner.ts';

/** Enough for a lock and some manifests. */
const SIZE = 1024 * 1024;
const reserveFileIn = (stateDir: string): string => join(stateDir, 'ballast');

/** Makes the reserve file when it is missing. A disk too full for it is no error, because the operation is done. */
export async function keepReserveFile(stateDir: string): Promise<void> {
  const path = reserveFileIn(stateDir);
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
export async function freeReserveFile(stateDir: string): Promise<boolean> {
  const path = reserveFileIn(stateDir);
  if (!(await lstat(path).catch(() => undefined))?.isFile()) return false;
  // Emptied first: a snapshot or an open descriptor could keep the blocks of a file that is only removed.
  const file = await open(path, constants.O_RDWR | constants.O_NOFOLLOW).catch(() => undefined);
  await file?.truncate(0);
  await file?.close();
  return rm(path).then(
    () => true,
    () => file !== undefined,
  );
}
