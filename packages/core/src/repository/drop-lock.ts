/** The end of a lock: its holder's when it is done, a contender's when the holder is dead. */
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { isLockOf, lockPath, makeAs, parseHolder } from './lock-file.ts';
import type { LockHolder } from './lock-file.ts';
import { livenessOf } from './stale-lock.ts';

const ATTEMPTS = 200;
/** Milliseconds. */
const PAUSE = 5;

/**
 * Removes the lock if it is (still) that of `token`; undefined: that of nobody one could name. A look at the lock and
 * its removal are two steps, and between them another could remove it and a third take it. So whoever removes the
 * lock of a token, its holder too, first makes the one mark of that token. False: another has had that mark for a
 * second, and the lock is still there.
 */
export async function dropLock(
  stateDir: string,
  token: string | undefined,
  by: LockHolder,
): Promise<boolean> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    if (!(await isLockOf(stateDir, token)) || (await dropMarked(stateDir, token, by))) return true;
    await sleep(PAUSE);
  }
  return false;
}

/** False when the mark is another's. */
async function dropMarked(stateDir: string, token: string | undefined, by: LockHolder): Promise<boolean> {
  const mark = `${lockPath(stateDir)}.drop-${token ?? 'unreadable'}`;
  if (!(await makeAs(by, stateDir, mark)).made) {
    await removeDead(mark, stateDir);
    return false;
  }
  try {
    if (await isLockOf(stateDir, token)) await rm(lockPath(stateDir), { force: true });
  } finally {
    await rm(mark, { force: true });
  }
  return true;
}

/** A mark outlives who made it only when he dies within the few calls between; then the next one clears it away. */
async function removeDead(mark: string, stateDir: string): Promise<void> {
  const holder = parseHolder(await readFile(mark, 'utf8').catch(() => ''));
  if (holder !== undefined && (await livenessOf(stateDir, holder)) === 'dead')
    await rm(mark, { force: true });
}
