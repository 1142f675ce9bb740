/**
 * The meaning of an errno for a source that could not be archived, and its warning. An errno is never reported as
 * another.
 */
import { type BytePath, displayPath, type Warning } from '@gofr-backup/model';
import type { WalkReport } from './source.ts';

/** Stands in place of an errno: a file was replaced by something that is no regular file. */
export const NO_FILE_NOW = 'NO_FILE_NOW';

/** EXDEV: the way to it was moved out of its component while it was opened. */
const REMOVED = new Set(['ENOENT', 'ENOTDIR', 'EXDEV']);
/** The codes that mean a link, a socket, a device or a directory in the place of a file. */
const OF_OTHER_KIND = new Set([NO_FILE_NOW, 'ELOOP', 'ENXIO', 'ENODEV', 'EISDIR']);
const FORBIDDEN = new Set(['EACCES', 'EPERM']);
/**
 * The codes of failures that may pass: opened again a moment later, the file may be readable, as after the failover
 * of a network file system or a retry of the disk.
 */
const PASSING = new Set(['EIO', 'ESTALE', 'EAGAIN', 'EINTR', 'ETIMEDOUT', 'EREMOTEIO', 'EHOSTDOWN']);

/** Codes of warnings about what a backup lacks. */
export const UNREADABLE = 'unreadable';
export const READ_ERROR = 'read-error';
export const isLack = ({ code }: Pick<Warning, 'code'>): boolean =>
  code === UNREADABLE || code === READ_ERROR;

export const mayPass = (errno: string): boolean => PASSING.has(errno);

interface Source {
  path: BytePath;
  /** undefined: nothing could be learnt of it */
  uid: number | undefined;
}

/** A source that changed during the backup is a warning. Any other failure makes the backup incomplete. */
export function reportFailure(report: WalkReport, source: Source, errno: string): void {
  const { path } = source;
  if (REMOVED.has(errno)) report.warnings.push(vanished(path));
  else if (OF_OTHER_KIND.has(errno)) report.warnings.push(replaced(path));
  else reportUnreadable(report, source, errno);
}

export function reportUnreadable({ unreadable, warnings }: WalkReport, source: Source, errno: string): void {
  const path = displayPath(source.path);
  const { uid } = source;
  unreadable.push({ path, uid });
  if (FORBIDDEN.has(errno)) {
    const message = uid === undefined ? 'may not be read' : `may not be read; it belongs to uid ${uid}`;
    warnings.push({ code: UNREADABLE, path, message });
  } else warnings.push({ code: READ_ERROR, path, message: `could not be read: ${errno}` });
}

export function vanished(path: BytePath): Warning {
  const shown = displayPath(path);
  return { code: 'vanished', path: shown, message: `${shown} was removed while the backup ran` };
}

function replaced(path: BytePath): Warning {
  const shown = displayPath(path);
  const message = `${shown} became something else than a file while the backup ran: left out`;
  return { code: 'changed-while-read', path: shown, message };
}
