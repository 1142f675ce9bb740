import type { CatalogueEntry, OperationContext } from '@gofr-backup/model';
import { underLock } from './context.ts';

/** The manifest anew from the directories. */
export function rebuild(ctx: OperationContext): Promise<{ backups: CatalogueEntry[] }> {
  return underLock(ctx, 'rebuild', async (repository) => ({ backups: await repository.rebuild() }));
}
