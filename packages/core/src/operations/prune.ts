import type { CatalogueEntry } from '../catalogue.ts';
import type { OperationContext, PruneOutcome, PruneRequest } from './types.ts';

/** Retention now. A dry run takes no lock and changes nothing. */
export function prune(_ctx: OperationContext, _request: PruneRequest): Promise<PruneOutcome> {
  throw new Error('not yet');
}
/** Brings a pruned backup back from the trash; NO_SUCH_BACKUP. */
export function undelete(_ctx: OperationContext, _filename: string): Promise<CatalogueEntry> {
  throw new Error('not yet');
}
