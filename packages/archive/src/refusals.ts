/** The two ways an archive is turned down. */
import { BackupError, type BytePath, displayPath } from '@gofr-backup/model';

const LONGEST_SHOWN = 200;

function shown(path: BytePath): string {
  const name = displayPath(path.slice(0, LONGEST_SHOWN));
  return path.length > LONGEST_SHOWN ? `${name}…` : name;
}

/** `reason` is a clause: `its name contains ".."`. */
export function hostile(path: BytePath, reason: string): BackupError {
  return new BackupError('ARCHIVE_HOSTILE', `The archive's entry "${shown(path)}" was refused: ${reason}.`, {
    why: 'An archive is never trusted: it could write outside the restored directory, or fill the disk.',
    details: { path: shown(path), reason },
  });
}

export function damaged(what: string, why: string, cause?: unknown): BackupError {
  return new BackupError('ARCHIVE_DAMAGED', what, { why, ...(cause === undefined ? {} : { cause }) });
}

/** The bytes of an entry are not what its archive or index promised. */
export function damagedEntry(path: BytePath, why: string): BackupError {
  return new BackupError('ARCHIVE_DAMAGED', `The archive's entry "${shown(path)}" is damaged.`, {
    why,
    details: { path: shown(path) },
  });
}

/** The error for a damaged frame. It can only name the entries that begin in the frame. */
export function damagedFrame(
  frame: { number: number },
  why: string,
  entries: readonly { path: BytePath }[],
): BackupError {
  const [first] = entries;
  if (first)
    return damagedEntry(first.path, `Frame ${frame.number} of the archive, which it lies in: ${why}`);
  return damaged(`Frame ${frame.number} of the archive is damaged.`, why);
}
