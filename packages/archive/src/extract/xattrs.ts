/** Extended attributes, set last: a change of the owner takes capabilities away. */
import { type ArchiveEntry, type BytePath, displayPath, formatCount, type Warning } from '@gofr-backup/model';
import { DirectoryHandle, errnoOf, writeXattr } from '@gofr-backup/posix';

/** Attributes that cannot be set are a warning for each reason, because the content is right. No link is followed. */
export function restoreXattrs(entries: Iterable<ArchiveEntry>, root: BytePath): Warning[] {
  const failed = new Map<string, { path: BytePath; count: number }>();
  using directory = DirectoryHandle.open(root);
  for (const { path, xattrs } of entries)
    for (const [name, value] of xattrs!)
      try {
        writeXattr({ directory: directory.fd, name: path }, name, value);
      } catch (error) {
        const errno = errnoOf(error);
        const first = failed.get(errno) ?? { path, count: 0 };
        failed.set(errno, { ...first, count: first.count + 1 });
      }
  return [...failed].map(([errno, { path, count }]) => notSet(errno, path, count));
}

function notSet(errno: string, path: BytePath, count: number): Warning {
  const shown = displayPath(path);
  const message = `${formatCount(count, 'extended attribute')} could not be set, the first at ${shown}: ${errno}`;
  return { code: 'xattrs', path: shown, message };
}
