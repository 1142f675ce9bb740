/** Removes the files that earlier holders of the lock left. Only the present holder does so. */
import { lstat, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@gofr-backup/model';
import { LOCK_FILE } from '../layout.ts';
import { dropDraft, isThere, lockNumbers, lockPath, openDraft } from './lock-file.ts';
import type { LockStep } from './lock-file.ts';
import { namesIn } from '../catalogue/scan.ts';
import type { TakenLock } from './take-lock.ts';

/** A younger file may belong to a process that contends for the lock now. */
const HOUR = 3_600_000;
const LEFTOVERS = new RegExp(`^${LOCK_FILE}\\.(?:claim|beacon|drop)-`);

/** A file that cannot be removed is no error, because it does no harm. */
export async function clearSpent(
  stateDir: string,
  { number, at }: Pick<TakenLock, 'number' | 'at'>,
  { logger, step }: { logger: Logger; step: LockStep },
): Promise<void> {
  try {
    for (const spent of await lockNumbers(stateDir))
      if (spent < number - 1) await clearUpTo(stateDir, spent, step);
    await clearDebris(stateDir, at);
  } catch (error) {
    logger.warn({ stateDir, err: error }, 'leftovers of the lock could not be removed');
  }
}

/**
 * Removes numbers in ascending order, even those that a listing left out: a number stays while the number before it
 * is there.
 */
async function clearUpTo(stateDir: string, number: number, step: LockStep): Promise<void> {
  let first = number;
  while (first > 1 && (await isThere(stateDir, first - 1))) first--;
  for (let spent = first; spent <= number; spent++) {
    await step(`clear ${spent}`);
    if (spent > 1) await rm(lockPath(stateDir, spent), { force: true });
    else if (await isThere(stateDir, 1)) await emptyFirst(stateDir);
  }
}

/** Empties number 1 by a rename, because the file may belong to another user. */
async function emptyFirst(stateDir: string): Promise<void> {
  const empty = await openDraft(stateDir);
  try {
    await rename(empty.path, lockPath(stateDir, 1));
  } finally {
    await dropDraft(empty);
  }
}

async function clearDebris(stateDir: string, now: number): Promise<void> {
  for (const name of (await namesIn(stateDir)).filter((one) => LEFTOVERS.test(one))) {
    const path = join(stateDir, name);
    const status = await lstat(path).catch(() => undefined);
    if (status !== undefined && now - status.mtimeMs > HOUR) await rm(path, { force: true });
  }
}
