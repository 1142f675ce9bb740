/** What lies in the trash. */
import { trashed } from '@gofr-backup/core';
import { type BackupPlan, type Clock, noProgress, silentLogger } from '@gofr-backup/model';

export type Trash = Awaited<ReturnType<typeof trashed>>;

/** Newest first; empty where it cannot be read. */
export function trashOf(facts: { plan: BackupPlan; clock: Clock }): () => Promise<Trash> {
  const quiet = { logger: silentLogger, progress: noProgress, signal: new AbortController().signal };
  return () => trashed({ ...facts, ...quiet, owner: 'the dashboard' }).catch(() => []);
}
