export { archiveStep, backup, promoteStep, verifyStep } from './backup.ts';
export { repositoryOf, underLock } from './context.ts';
export { cat, files, list, renderListing, show } from './list.ts';
export type { ListOutcome } from './list.ts';
export { prune, undelete } from './prune.ts';
export { rebuild } from './rebuild.ts';
export { verify } from './verify.ts';
