import type { CatalogueEntry } from '../catalogue.ts';
import { underLock } from './context.ts';
import type { OperationContext } from './types.ts';

/** The manifest anew from the directories. */
export function rebuild(ctx: OperationContext): Promise<{ backups: CatalogueEntry[] }> {
  return underLock(ctx, 'rebuild', async (repository) => ({ backups: await repository.rebuild() }));
}
