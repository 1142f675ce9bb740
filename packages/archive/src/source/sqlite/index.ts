export { databaseWarningPaths, snapshotDatabases } from './snapshot.ts';
export type { DatabaseSnapshots, SnapshotOptions } from './snapshot.ts';
export { DatabaseThread } from './database-thread.ts';
export { isDatabase } from './find.ts';
