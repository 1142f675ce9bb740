export { databaseWarningPaths, DatabaseSnapshots } from './snapshot.ts';
export { DatabaseThread } from './database-thread.ts';
export { isDatabase } from './find.ts';
