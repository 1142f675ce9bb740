export { databaseWarningPaths, DatabaseSnapshots } from './snapshot.ts';
export { DatabaseProcess } from './database-process.ts';
export { isDatabase } from './find.ts';
