/**
 * The lock as versions before this one made it: one file, `lock`, removed and made again. It is respected while its
 * holder lives, and never removed: one of them may be taking it at this moment.
 */
import { join } from 'node:path';
import { LOCK_FILE } from '../layout.ts';
import { readLock } from './lock-file.ts';
import type { FoundLock } from './lock-file.ts';

export const readOldLock = (stateDir: string): Promise<FoundLock | undefined> =>
  readLock(join(stateDir, LOCK_FILE));

/** Whether somebody took the old lock since `known`, the mark of a dead one, was seen. */
export async function isOldLockTaken(stateDir: string, known: string | undefined): Promise<boolean> {
  const found = await readOldLock(stateDir);
  return found !== undefined && found.mark !== known;
}
