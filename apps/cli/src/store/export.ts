import { refuseToPrint, writeTar } from '../commands/export.ts';
import type { Session } from '../session.ts';
import type { StoreOptions } from './given.ts';
import { storedPath, withCopy } from './with-copy.ts';

/** `export --store`: of a folder only the packs' parts that hold it are read. */
export function run(
  session: Session,
  [name = 'latest', path]: string[],
  options: StoreOptions,
): Promise<void> {
  refuseToPrint(session);
  return withCopy(session, options, name, (copy) =>
    writeTar(session, copy.tar(path && storedPath(session, path))),
  );
}
