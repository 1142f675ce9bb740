export { randomSuffix, syncDirectory, writeAtomically } from './atomic.ts';
export { freeSpace } from './free-space.ts';
export { SIDECARS, STATE_DIR, stateDirOf } from './layout.ts';
export { lockHolder, withLock } from './lock.ts';
export type { HeldLock, LockHolder, LockOptions } from './lock.ts';
export { openRepository, Repository } from './repository.ts';
export type { CommitFacts, RepositoryOptions, Reservation, TrashedBackup } from './repository.ts';
