/** What lies in the trash. */
import { trashed } from '@gofr-backup/core';
import type { BackupPlan, Clock } from '@gofr-backup/model';
import { quietContext } from './quiet-context.ts';

export type Trash = Awaited<ReturnType<typeof trashed>>;

/** Newest first; empty where it cannot be read. */
export function trashOf(facts: { plan: BackupPlan; clock: Clock }): () => Promise<Trash> {
  return () => trashed(quietContext(facts)).catch(() => []);
}
