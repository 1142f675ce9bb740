export { randomSuffix, syncDirectory, writeAtomically, writeNew } from './atomic.ts';
export { freeSpace } from './free-space.ts';
export { SCRATCH_DIR, SIDECARS, STATE_DIR, stateDirOf } from './layout.ts';
export { heldLock, lockHolder, withLock } from './lock.ts';
export type { HeldLock, LockHolder, LockOptions, LockTarget, LockTiming } from './lock.ts';
export { openRepository, Repository } from './repository.ts';
export type { CommitFacts, RepositoryOptions } from './repository.ts';
export type { Reservation } from './reserve.ts';
export type { TrashedBackup } from './trash.ts';
