/** The archive engine: complete, ordinary tar archives, made at the cost of what changed. */
export { displayPath, toBytePath } from './byte-path.ts';
export { EXTENSIONS } from './codecs.ts';
export { createArchive } from './create.ts';
export { exclusionProblem } from './exclusion.ts';
export { openArchive } from './open.ts';
export { rebuildIndex } from './rebuild-index.ts';
export type * from './types.ts';
