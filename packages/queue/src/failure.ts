/** A BackupError on its way through Redis: three lines for people, one for machines. */
import { BackupError, type ErrorCode, ERRORS } from '@gofr-backup/model';

/** Characters of details that travel; a failure is kept with its job, and shown in dashboards. */
const MAX_DETAILS = 16_000;

/** For a job's failedReason. */
export function encodeFailure(error: BackupError): string {
  const { code, message, why, hint, details } = error;
  const full = JSON.stringify({ code, message, why, hint, details });
  const line = full.length <= MAX_DETAILS ? full : JSON.stringify({ code, message, why, hint, details: {} });
  return [message, why, hint].filter(Boolean).join('\n') + `\n${line}`;
}

/** The BackupError again, or FAILED with the text when BullMQ or an older version wrote it. */
export function decodeFailure(failedReason: string): BackupError {
  const line = failedReason.slice(failedReason.lastIndexOf('\n') + 1);
  try {
    const parsed: unknown = JSON.parse(line);
    if (isFailure(parsed)) {
      const { code, message, why, hint, details } = parsed;
      return new BackupError(code, message, { why, hint, details });
    }
  } catch {
    // not ours: told as it is
  }
  if (/stalled more than allowable limit/.test(failedReason)) {
    return new BackupError('FAILED', 'The worker died again and again during this job', {
      why: failedReason,
      hint: 'Look at the log of the worker: killed for memory, or restarted by its supervisor?',
    });
  }
  return new BackupError('FAILED', 'The job failed', { why: failedReason });
}

interface Failure {
  code: ErrorCode;
  message: string;
  why: string;
  hint: string;
  details: Record<string, unknown>;
}

function isFailure(value: unknown): value is Failure {
  if (typeof value !== 'object' || value === null) return false;
  const { code, message, why, hint, details } = value as Record<string, unknown>;
  return (
    typeof code === 'string' &&
    Object.hasOwn(ERRORS, code) &&
    [message, why, hint].every((text) => typeof text === 'string') &&
    typeof details === 'object' &&
    details !== null
  );
}
