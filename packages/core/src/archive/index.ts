/** The archive engine: complete, ordinary tar archives, made at the cost of what changed. */
export { displayPath, toBytePath } from './byte-path.ts';
export { EXTENSIONS } from './codecs.ts';
export type * from './types.ts';
