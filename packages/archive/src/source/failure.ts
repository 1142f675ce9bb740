/** What an errno says of a source that could not be archived, and how the backup tells it. No errno is told as another. */
import { type BytePath, displayPath, type Warning } from '@gofr-backup/model';
import type { WalkReport } from './source.ts';

/** Instead of an errno: where a file was, something else is by now. */
export const NO_FILE_NOW = 'NO_FILE_NOW';

const REMOVED = new Set(['ENOENT', 'ENOTDIR']);
/** A link, a socket, a device or a directory in the place of a file. */
const OF_OTHER_KIND = new Set([NO_FILE_NOW, 'ELOOP', 'ENXIO', 'ENODEV', 'EISDIR']);
const FORBIDDEN = new Set(['EACCES', 'EPERM']);
/** A moment later, or opened anew, it may be read: a network file system that failed over, a disk that retried. */
const PASSING = new Set(['EIO', 'ESTALE', 'EAGAIN', 'EINTR', 'ETIMEDOUT', 'EREMOTEIO', 'EHOSTDOWN']);

/** Codes of warnings about what a backup lacks. */
export const UNREADABLE = 'unreadable';
export const READ_ERROR = 'read-error';
export const isLack = ({ code }: Pick<Warning, 'code'>): boolean =>
  code === UNREADABLE || code === READ_ERROR;

export const mayPass = (errno: string): boolean => PASSING.has(errno);

interface Source {
  path: BytePath;
  uid: number;
}

/** What changed while the backup ran is a warning; all else makes it incomplete. */
export function reportFailure(report: WalkReport, source: Source, errno: string): void {
  const { path } = source;
  if (REMOVED.has(errno)) report.warnings.push(vanished(path));
  else if (OF_OTHER_KIND.has(errno)) report.warnings.push(replaced(path));
  else reportUnreadable(report, source, errno);
}

export function reportUnreadable({ unreadable, warnings }: WalkReport, source: Source, errno: string): void {
  const path = displayPath(source.path);
  unreadable.push({ path, uid: source.uid });
  if (FORBIDDEN.has(errno)) {
    warnings.push({ code: UNREADABLE, path, message: `may not be read; it belongs to uid ${source.uid}` });
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
