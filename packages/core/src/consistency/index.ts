export { snapshotDatabases } from './snapshot.ts';
export type { DatabaseSnapshots, SnapshotOptions } from './snapshot.ts';
