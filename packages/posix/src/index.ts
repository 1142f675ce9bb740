/** Files and directories as Linux has them: byte paths, no link followed, whole reads and writes, syncs. */
export { errnoOf, isErrno } from '@gofr-backup/model';
export * from './directory-handle.ts';
export * from './mount-points.ts';
export * from './native/confine.ts';
export * from './native/holes.ts';
export * from './native/lacking.ts';
export { withoutNative } from './native/library.ts';
export * from './native/open-beneath.ts';
export * from './native/times.ts';
export * from './native/xattrs.ts';
export * from './regular-file.ts';
export * from './remove-tree.ts';
export * from './source-file.ts';
export * from './sync-directory.ts';
export * from './tree.ts';
export * from './whole-read.ts';
export * from './whole-write.ts';
