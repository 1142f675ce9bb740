/** Over all backups, from their indexes: where a file is, its versions, what changed between two. */
export { diff } from './diff.ts';
export type { ChangedEntry, Difference, DiffOutcome } from './diff.ts';
export { find } from './find.ts';
export type { FindOutcome, FoundPath } from './find.ts';
export { history } from './history.ts';
export type { HistoryOutcome, PathVersion } from './history.ts';
export type { Searched, SearchedBackup } from './listing.ts';
export { entryPath } from './pattern.ts';
export { states } from './states.ts';
export type { PathState, StateChange, StatesOutcome } from './states.ts';
