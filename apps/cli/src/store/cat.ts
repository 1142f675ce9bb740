import { writeContent } from '../commands/cat.ts';
import type { Session } from '../session.ts';
import type { StoreOptions } from './given.ts';
import { storedPath, withCopy } from './with-copy.ts';

/** `cat --store`: only the packs' parts that hold the file are read. */
export function run(
  session: Session,
  [name = 'latest', given = '']: string[],
  options: StoreOptions,
): Promise<void> {
  const path = storedPath(session, given);
  return withCopy(session, options, name, (copy, filename) =>
    writeContent(session, { backup: filename, path, content: copy.content(path) }),
  );
}
