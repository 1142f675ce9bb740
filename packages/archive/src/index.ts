/** The archive engine: complete, ordinary tar archives, made at the cost of what changed. */
export { EXTENSIONS } from './codec/codecs.ts';
export { createArchive } from './write/create.ts';
export { exclusionOf, exclusionProblem } from './source/tree/exclusion.ts';
export { openArchive } from './read/open.ts';
export { rebuildIndex } from './read/rebuild-index.ts';
export type * from './types.ts';
export { TIME_NOT_KEPT } from './extract/extract.ts';
export { notRestored } from './extract/refused.ts';
export { PathKinds } from './extract/path-kinds.ts';
export { openIndex } from './index/file.ts';
export { isOfOtherVersion } from './index/footer.ts';
export { hostile } from './refusals.ts';
export { READ_ERROR, isLack, reportFailure } from './source/failure.ts';
export { DatabaseProcess, databaseWarningPaths, isDatabase } from './source/sqlite/index.ts';
export type { WalkReport } from './source/source.ts';
export { linkedRoot } from './source/tree/source-root.ts';
