import { codeOf } from './errno.ts';

/**
 * The catalogue of errors. A code is permanent: scripts and old jobs know it. `exit` follows sysexits where
 * one fits (see docs/errors.md, generated from here); `retryable` decides whether the queue tries again.
 */
export const ERRORS = {
  FAILED: { exit: 1, retryable: true, hint: 'Look at the log of this run for the cause, then run it again.' },
  CANCELLED: {
    exit: 1,
    retryable: false,
    hint: 'What was unfinished is removed; earlier backups and the data are unchanged. Run it again when you like.',
  },
  USAGE: { exit: 2, retryable: false, hint: 'See `gofr-backup --help`.' },
  ARCHIVE_DAMAGED: {
    exit: 3,
    retryable: false,
    hint: 'Use another backup (`gofr-backup list`). What is right of it: `gofr-backup restore NAME --salvage --to DIR`.',
  },
  ARCHIVE_HOSTILE: {
    exit: 3,
    retryable: false,
    hint:
      'Nothing was written. Find out who could write to the backup directory. An archive that another program made and that ' +
      'you trust: unpack it into an empty directory with `tar -xf`, and copy what you need.',
  },
  NOTHING_TO_BACK_UP: {
    exit: 4,
    retryable: false,
    hint: 'Check that the volume is mounted at DATA_DIR and the components are switched on. No backup was pruned.',
  },
  NO_SUCH_BACKUP: { exit: 4, retryable: false, hint: 'See the names with `gofr-backup list`.' },
  NO_SUCH_ALERT: { exit: 4, retryable: false, hint: 'See the open ones with `gofr-backup alerts`.' },
  NO_SUCH_JOB: { exit: 4, retryable: false, hint: 'See the recent jobs with `gofr-backup status`.' },
  BUSY: { exit: 5, retryable: true, hint: 'Wait until it ends, or look at it with `gofr-backup status`.' },
  DECLINED: { exit: 6, retryable: false, hint: 'Nothing was changed. Answer `yes`, or pass --yes.' },
  REDIS_UNREACHABLE: {
    exit: 69,
    retryable: true,
    hint: 'Check REDIS_URL and that Redis runs. Recovery commands (list, verify, restore) work without it.',
  },
  REDIS_REFUSES: {
    exit: 69,
    retryable: true,
    hint: 'Its answer names the cause. Recovery commands (list, verify, restore) work without it.',
  },
  REDIS_MISSING: {
    exit: 69,
    retryable: false,
    hint: 'Install it (`apt install redis-server`, `brew install redis`, `dnf install valkey`) or set REDIS_URL.',
  },
  DISK_FULL: {
    exit: 74,
    retryable: true,
    hint: 'Free space in BACKUP_DIR, or lower RETENTION_DAYS or MAX_COUNT. Every older backup was kept.',
  },
  IO: { exit: 74, retryable: true, hint: 'Check the disk and the mount. Every older backup was kept.' },
  PERMISSION: {
    exit: 77,
    retryable: false,
    hint: 'Run as the uid that owns the files, or as root with only DAC_READ_SEARCH.',
  },
  CONFIG: {
    exit: 78,
    retryable: false,
    hint: 'Correct the settings named above; see docs/configuration.md.',
  },
} as const satisfies Record<string, { exit: number; retryable: boolean; hint: string }>;

export type ErrorCode = keyof typeof ERRORS;

/**
 * The only error a person sees. `message` says what happened, `why` the reason, `hint` what to do;
 * printed as those three lines. `details` are facts for logs and --json, never secrets.
 */
export class BackupError extends Error {
  override readonly name = 'BackupError';
  readonly code: ErrorCode;
  readonly why: string;
  readonly hint: string;
  readonly details: Record<string, unknown>;

  constructor(
    code: ErrorCode,
    message: string,
    options: { why?: string; hint?: string; details?: Record<string, unknown>; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.why = options.why ?? (options.cause instanceof Error ? options.cause.message : '');
    this.hint = options.hint ?? ERRORS[code].hint;
    this.details = options.details ?? {};
  }

  get exit(): number {
    return ERRORS[this.code].exit;
  }

  /** What is kept of it: its words, without details. */
  get words(): { code: ErrorCode; message: string; why: string; hint: string } {
    const { code, message, why, hint } = this;
    return { code, message, why, hint };
  }

  get retryable(): boolean {
    return ERRORS[this.code].retryable;
  }
}

const BY_ERRNO: Record<string, ErrorCode> = {
  ENOSPC: 'DISK_FULL',
  EDQUOT: 'DISK_FULL',
  EFBIG: 'DISK_FULL',
  EIO: 'IO',
  EROFS: 'IO',
  ESTALE: 'IO',
  EMFILE: 'IO',
  ENFILE: 'IO',
  EACCES: 'PERMISSION',
  EPERM: 'PERMISSION',
};

/** Any thrown value as a BackupError: errno becomes its code, an abort CANCELLED, the rest FAILED. */
export function toBackupError(thrown: unknown, doing: string): BackupError {
  if (thrown instanceof BackupError) return thrown;
  const errno = codeOf(thrown) ?? '';
  const aborted = thrown instanceof Error && (thrown.name === 'AbortError' || errno === 'ABORT_ERR');
  const code = aborted ? 'CANCELLED' : (BY_ERRNO[errno] ?? 'FAILED');
  const why = thrown instanceof Error ? thrown.message : String(thrown);
  return new BackupError(code, `${doing} failed`, { why, cause: thrown, details: errno ? { errno } : {} });
}
