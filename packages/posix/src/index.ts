/** Files and directories as Linux has them: byte paths, no link followed, whole reads and writes, syncs. */
export { errnoOf, isErrno } from '@gofr-backup/model';
export * from './mount-points.ts';
export * from './remove-tree.ts';
export * from './source-file.ts';
export * from './tree.ts';
export * from './whole-read.ts';
export * from './whole-write.ts';
