import type { CatalogueEntry } from '../catalogue.ts';
import type { OperationContext } from './types.ts';

/** The manifest anew from the directories. */
export function rebuild(_ctx: OperationContext): Promise<{ backups: CatalogueEntry[] }> {
  throw new Error('not yet');
}
