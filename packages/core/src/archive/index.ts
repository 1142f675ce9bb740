/** The archive engine: complete, ordinary tar archives, made at the cost of what changed. */
export { displayPath, toBytePath } from './byte-path.ts';
export { EXTENSIONS } from './codecs.ts';
export { createArchive } from './create.ts';
export { openArchive } from './open.ts';
export type * from './types.ts';

// placeholders until the engine lands, so that the core can be imported meanwhile: replace these lines
const pending = () => Promise.reject(new Error('the archive engine is not there yet'));
export const rebuildIndex: import('./types.ts').RebuildIndex = pending;
