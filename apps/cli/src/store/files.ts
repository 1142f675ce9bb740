import { entriesBelow } from '@gofr-backup/core';
import { writeFiles } from '../commands/files.ts';
import type { Session } from '../session.ts';
import type { StoreOptions } from './given.ts';
import { storedPath, withCopy } from './with-copy.ts';

/** `files --store`: from the index of the copy alone. */
export function run(
  session: Session,
  [name = 'latest', path]: string[],
  options: StoreOptions,
): Promise<void> {
  const wanted = path && storedPath(session, path);
  return withCopy(session, options, name, (copy, filename) =>
    writeFiles(session, entriesBelow(copy.entries(), wanted), filename),
  );
}
