/** A restore nobody asked for, into a scratch directory, to prove the backup works. */
import { BackupError } from '../errors.ts';
import type { DrillOutcome, DrillRequest, OperationContext } from './types.ts';

/** Takes the lock. A failed drill is an outcome (`ok: false`), not an error; the backup is then marked corrupt. */
export async function drill(_ctx: OperationContext, _request: DrillRequest): Promise<DrillOutcome> {
  throw new BackupError('FAILED', 'drill is not there yet');
}
