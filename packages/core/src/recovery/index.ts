/** Bringing data back: staging, swap by rename, its journal, and settling what a kill left. */
export { bringIn } from './bring-in.ts';
export { compareWithTargets, refuseConflicts } from './changes.ts';
export { compareTree } from './compare.ts';
export type { Comparison } from './compare.ts';
export { MountTable, readMounts } from './mounts.ts';
export {
  assertRoom,
  assertWritable,
  componentRoots,
  countFiles,
  estimateSafetyBackup,
  hasFiles,
} from './preflight.ts';
export { refuseRoot } from './roots.ts';
export { findInterrupted, settle } from './settle.ts';
export { layStages } from './staging.ts';
export type { StepHook } from './swap.ts';
export { assertUnmoved, selectTargets } from './target.ts';
export type { Selection, Target } from './target.ts';
