/** The exports of the core, name by name. */
export {
  archiveStep,
  backup,
  cat,
  describeRestore,
  drill,
  files,
  list,
  pin,
  promoteStep,
  prune,
  pruneHold,
  rebuild,
  recoverInterrupted,
  listingLines,
  repositoryOf,
  restore,
  show,
  trashed,
  undelete,
  underLock,
  unpin,
  verify,
  verifyStep,
} from './operations/index.ts';
export type { ListOutcome, RestoreDescription, RestoreTarget } from './operations/index.ts';
export {
  ensureOwnDirectory,
  freeSpace,
  isOwnDirectory,
  lockHolder,
  openRepository,
  removeDirectory,
  Repository,
  stateDirOf,
  withLock,
} from './repository/index.ts';
export { newestGood, planPrune } from './retention/index.ts';
