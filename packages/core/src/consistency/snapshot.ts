/** Consistent copies of SQLite databases that are written while they are backed up. */
import type { BytePath, Component, Substitute } from '../archive/types.ts';
import type { Warning } from '../catalogue.ts';
import type { Logger } from '../ports.ts';

export interface SnapshotOptions {
  /** an existing directory; the copies go into a new one below it, removed by dispose() */
  scratchDir: string;
  signal: AbortSignal;
  logger: Logger;
  /** globs against the display path inside the archive: what is excluded there needs no copy */
  exclude?: string[];
}

export interface DatabaseSnapshots {
  /** by absolute source path: the copy to archive instead, or `omit` for its -wal, -shm and -journal */
  substitutes: Map<BytePath, Substitute>;
  warnings: Warning[];
  /** databases found */
  databases: number;
  dispose(): Promise<void>;
}

/** Never throws for a database it cannot copy: that is a warning that names it, and the file is archived as it lies. */
export async function snapshotDatabases(
  _components: Component[],
  _options: SnapshotOptions,
): Promise<DatabaseSnapshots> {
  return { substitutes: new Map(), warnings: [], databases: 0, dispose: async () => {} };
}
