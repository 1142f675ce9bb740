import type { CatalogueEntry } from '../catalogue.ts';
import type { BackupOutcome, BackupRequest, OperationContext } from './types.ts';

/** Archive, verify, promote; and prune, unless it is a safety backup. Throws the first failure. */
export function backup(_ctx: OperationContext, _request: BackupRequest): Promise<BackupOutcome> {
  throw new Error('not yet');
}
/** Step 1. With `request.run` it answers the backup that run already committed, instead of making a second one. */
export function archiveStep(_ctx: OperationContext, _request: BackupRequest): Promise<CatalogueEntry> {
  throw new Error('not yet');
}
/** Step 2. Reads the new archive back (when the plan says so); ARCHIVE_DAMAGED when it is not what was written. */
export function verifyStep(_ctx: OperationContext, _filename: string): Promise<CatalogueEntry> {
  throw new Error('not yet');
}
/** Step 3. Copies into the weekly and monthly tiers, when it is the first good one there. */
export function promoteStep(_ctx: OperationContext, _filename: string): Promise<CatalogueEntry[]> {
  throw new Error('not yet');
}
