/** One file out of an archive. */
import { type ArchiveEntry, BackupError, type BytePath, displayPath } from '@gofr-backup/model';
import { noSuchPath, pathMatcher } from '../extract/entry-selection.ts';
import type { EntrySource } from '../extract/entry-source.ts';

/** Throws NO_SUCH_BACKUP when there is no such file, USAGE when it is no regular file. */
export async function* contentOf(
  source: EntrySource,
  path: string,
  signal: AbortSignal,
): AsyncGenerator<Buffer> {
  let found = await source.find(pathMatcher(path), signal);
  // A target comes before its links, so this ends. A link that breaks the rule finds nothing.
  for (let hops = 0; found?.entry.type === 'hardlink' && hops < 10; hops++) {
    const target: BytePath = found.entry.linkTarget!;
    found = await source.find((candidate) => candidate === target, signal, found.ordinal);
  }
  if (found === undefined) throw noSuchPath(path);
  if (found.entry.type !== 'file') throw notAFile(found.entry);
  yield* source.content(found.ordinal, found.entry.size, signal);
}

function notAFile({ path, type, linkTarget }: ArchiveEntry): BackupError {
  return new BackupError('USAGE', `"${displayPath(path)}" is a ${type}, not a regular file.`, {
    why:
      linkTarget === undefined
        ? 'A directory has no content of its own.'
        : `It leads to "${displayPath(linkTarget)}".`,
    hint: 'Name a regular file; see `gofr-backup files NAME`.',
  });
}
