/** What earlier takings of the lock left in its directory; cleared by who holds it now. */
import { lstat, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from '@gofr-backup/model';
import { LOCK_FILE } from '../layout.ts';
import { dropDraft, isThere, lockNumbers, lockPath, openDraft } from './lock-file.ts';
import type { LockStep } from './lock-file.ts';
import { namesIn } from '../catalogue/scan.ts';
import type { TakenLock } from './take-lock.ts';

/** A younger one may be of somebody who contends now. */
const HOUR = 3_600_000;
const DEBRIS = new RegExp(`^${LOCK_FILE}\\.(?:claim|beacon|drop)-`);

/** No error: what cannot be removed is in nobody's way. */
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

/** In ascending order, whatever a listing left out: no number goes while the one before is there. */
async function clearUpTo(stateDir: string, number: number, step: LockStep): Promise<void> {
  let first = number;
  while (first > 1 && (await isThere(stateDir, first - 1))) first--;
  for (let spent = first; spent <= number; spent++) {
    await step(`clear ${spent}`);
    if (spent > 1) await rm(lockPath(stateDir, spent), { force: true });
    else if (await isThere(stateDir, 1)) await emptyFirst(stateDir);
  }
}

/** By a rename, because the file may be another user's. */
async function emptyFirst(stateDir: string): Promise<void> {
  const empty = await openDraft(stateDir);
  try {
    await rename(empty.path, lockPath(stateDir, 1));
  } finally {
    await dropDraft(empty);
  }
}

async function clearDebris(stateDir: string, now: number): Promise<void> {
  for (const name of (await namesIn(stateDir)).filter((one) => DEBRIS.test(one))) {
    const path = join(stateDir, name);
    const status = await lstat(path).catch(() => undefined);
    if (status !== undefined && now - status.mtimeMs > HOUR) await rm(path, { force: true });
  }
}
