/** Brings a backup back: verify, look, save the present state, stage, swap. */
import { BackupError } from '../errors.ts';
import type { CatalogueEntry } from '../catalogue.ts';
import type { OperationContext, RestoreOutcome, RestoreRequest } from './types.ts';

/** One place a restore would write to, for the question put to a person. */
export interface RestoreTarget {
  /** component names, e.g. `['storage', 'metadata']`; empty for `--to` and `--path` */
  components: string[];
  /** absolute path on disk, display form */
  place: string;
  /** replace: becomes exactly what the archive holds; lay-over: other files stay; create: nothing is there now */
  effect: 'replace' | 'lay-over' | 'create';
  /** what lies there now */
  present: { files: number; bytes: number };
}
export interface RestoreDescription {
  backup: CatalogueEntry;
  targets: RestoreTarget[];
  warnings: string[];
}

/** What `restore` would overwrite. Reads only; throws what restore would throw about the request (USAGE, NO_SUCH_BACKUP). */
export async function describeRestore(
  _ctx: OperationContext,
  _request: RestoreRequest,
): Promise<RestoreDescription> {
  throw new BackupError('FAILED', 'describeRestore is not there yet');
}

/** Takes the lock. A kill at any moment leaves old data or new; `recoverInterrupted` settles which. */
export async function restore(_ctx: OperationContext, _request: RestoreRequest): Promise<RestoreOutcome> {
  throw new BackupError('FAILED', 'restore is not there yet');
}
