/**
 * The lock of versions before this one: one file, `lock`, which is removed and made again. It is respected while its
 * holder lives. It is never removed, because a process of such a version may be taking it at this moment.
 */
import { join } from 'node:path';
import { LOCK_FILE } from '../layout.ts';
import { readLock } from './lock-file.ts';
import type { FoundLock } from './lock-file.ts';

export const readOldLock = (stateDir: string): Promise<FoundLock | undefined> =>
  readLock(join(stateDir, LOCK_FILE));

/** Whether a process took the old lock after its dead holder's mark `known` was read. */
export async function isOldLockTaken(stateDir: string, known: string | undefined): Promise<boolean> {
  const found = await readOldLock(stateDir);
  return found !== undefined && found.mark !== known;
}
