/** Failures of a store in the core's terms: a code, and the store's own three lines. */
import { BackupError, type ErrorCode, toBackupError } from '@gofr-backup/model';
import { StoreError, type StoreProblem } from '@gofr-backup/store';

const CODES: Record<StoreProblem, ErrorCode> = {
  unreachable: 'IO',
  busy: 'IO',
  failed: 'IO',
  forbidden: 'PERMISSION',
  full: 'DISK_FULL',
  missing: 'FAILED',
  untrusted: 'CONFIG',
  misconfigured: 'CONFIG',
  unsupported: 'CONFIG',
};

/** Any thrown value as a BackupError. */
export function toOffsiteError(thrown: unknown, doing: string): BackupError {
  if (!(thrown instanceof StoreError)) return toBackupError(thrown, doing);
  const { kind, message, why, hint } = thrown;
  return new BackupError(CODES[kind], `${doing} failed`, {
    why: why === '' ? message : `${message}: ${why}`,
    hint,
    cause: thrown,
    details: { store_problem: kind },
  });
}
