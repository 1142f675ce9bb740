/**
 * Consistent copies of SQLite databases that are written while they are backed up. A live database is read in one
 * transaction through SQLite itself; one at rest is copied with its log or journal and opened away from the original.
 */
import { mkdtemp, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { type BytePath, displayPath, type Logger, toBytePath, type Warning } from '@gofr-backup/model';
import { removeTree } from '@gofr-backup/posix';
import type { Substitute, WalkOptions } from '../../types.ts';
import { ALL_COMPANIONS } from './companions.ts';
import type { CopyOutcome } from './copy.ts';
import { DatabaseThread } from './database-thread.ts';
import type { FoundDatabase } from './find.ts';

export interface SnapshotOptions {
  /** an existing directory; the copies go into a new one below it, removed by dispose() */
  scratchDir: string;
  signal: AbortSignal;
  logger: Logger;
}

export interface DatabaseSnapshots {
  /** by absolute source path: the copy to archive instead, or `omit` for its -wal, -shm and -journal */
  substitutes: Map<BytePath, Substitute>;
  warnings: Warning[];
  /** databases found */
  databases: number;
  dispose(): Promise<void>;
}

/**
 * Never throws for a database it cannot copy: that is a warning that names it (`database-damaged`,
 * `database-not-consistent`), and its files are archived as they were read together. Throws CANCELLED on abort.
 */
export async function snapshotDatabases(
  sources: WalkOptions,
  { scratchDir, signal, logger }: SnapshotOptions,
): Promise<DatabaseSnapshots> {
  const snapshots: DatabaseSnapshots = {
    substitutes: new Map(),
    warnings: [],
    databases: 0,
    dispose: async () => {},
  };
  const thread = new DatabaseThread(signal);
  try {
    const databases = await thread.find(sources);
    if (databases.length === 0) return snapshots;
    const directory = await mkdtemp(join(scratchDir, 'databases-'));
    snapshots.databases = databases.length;
    snapshots.dispose = () => removeTree(toBytePath(directory));
    for (const [index, database] of databases.entries())
      await snapshotOne(database, join(directory, String(index)), thread, snapshots);
    logger.info({ databases: databases.length, warnings: snapshots.warnings.length }, 'databases copied');
    return snapshots;
  } catch (error) {
    await snapshots.dispose();
    throw error;
  } finally {
    await thread.close();
  }
}

async function snapshotOne(
  database: FoundDatabase,
  destination: string,
  thread: DatabaseThread,
  snapshots: DatabaseSnapshots,
): Promise<void> {
  const outcome = (await hasRoom(destination, database.size))
    ? await thread.copy(database.path, destination)
    : ({ kind: 'failed', reason: 'there is no room for a copy' } as const);
  for (const [path, substitute] of substitutesFor(database, destination, outcome))
    snapshots.substitutes.set(path, substitute);
  const warning = warningFor(database, outcome);
  if (warning) snapshots.warnings.push(warning);
}

function substitutesFor(
  { path }: FoundDatabase,
  contentPath: string,
  outcome: CopyOutcome,
): [BytePath, Substitute][] {
  if (outcome.kind === 'failed') return [];
  const kept = outcome.kind === 'together' ? outcome.suffixes : [''];
  return ['', ...ALL_COMPANIONS].map((suffix) => [
    path + suffix,
    kept.includes(suffix) ? { contentPath: contentPath + suffix } : 'omit',
  ]);
}

function warningFor(database: FoundDatabase, outcome: CopyOutcome): Warning | undefined {
  const path = displayPath(database.archived);
  if (outcome.kind === 'consistent') {
    if (outcome.problem === undefined) return undefined;
    const message = `this SQLite database is damaged at its source: ${outcome.problem}`;
    return { code: 'database-damaged', path, message };
  }
  const how = outcome.kind === 'together' ? 'its files were copied together' : 'it is archived as it lies';
  const message = `no consistent copy of this SQLite database could be made (${outcome.reason}): ${how}`;
  return { code: 'database-not-consistent', path, message };
}

/** Twice its size: the check of a copy with a write-ahead log may grow it. */
async function hasRoom(destination: string, size: number): Promise<boolean> {
  const { bavail, bsize } = await statfs(join(destination, '..'));
  return bavail * bsize > size * 2 + 1048576;
}

/** Display paths of the databases these warnings are about. */
export const databaseWarningPaths = (warnings: readonly Warning[]): Set<string> =>
  new Set(warnings.filter(({ code }) => code.startsWith('database-')).map(({ path }) => path ?? ''));
