/** Bringing data back: staging, swap by rename, its journal, and settling what a kill left. */
export { bringIn } from './bring-in.ts';
export { compareWithTargets } from './changes.ts';
export { compareTree } from './compare.ts';
export type { Comparison } from './compare.ts';
export { assertUnmoved } from './place.ts';
export { countFiles, estimateSafetyBackup, hasFiles } from './present-data.ts';
export { planRestore } from './restore-plan.ts';
export type { RestorePlan } from './restore-plan.ts';
export { assertRoom } from './conditions/room.ts';
export type { RoomFor } from './conditions/room.ts';
export { refuseRoot } from './roots.ts';
export { findInterrupted, settle } from './settle.ts';
export type { StepHook } from './swap.ts';
export type { Target } from './target.ts';
