/** Backup, verify, prune, restore, drill: each a list of phases. */
export { archiveStep } from './archive-step.ts';
export { backup, promoteStep, verifyStep } from './backup.ts';
export { repositoryOf, underLock } from './context.ts';
export { copy, offsiteOf } from './copy.ts';
export type { StoreOf } from './copy.ts';
export { describeRestore } from './describe-restore.ts';
export type { RestoreDescription, RestoreTarget } from './describe-restore.ts';
export { drill } from './drill.ts';
export { list, show } from './list.ts';
export type { ListOutcome } from './list.ts';
export { cat, exportTar, files } from './contents.ts';
export { pin, prune, pruneHold, trashed, undelete, unpin } from './prune.ts';
export { rebuild } from './rebuild.ts';
export { recoverInterrupted } from './recover.ts';
export { listingLines } from './listing-lines.ts';
export { restore } from './restore.ts';
export * from './search/index.ts';
export { verify } from './verify.ts';
