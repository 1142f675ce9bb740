import { find } from '@gofr-backup/core';
import { answerFind } from '../commands/find.ts';
import { archivePath } from '../given-arguments.ts';
import type { Session } from '../session.ts';
import type { StoreOptions } from './given.ts';
import { withSearched } from './with-copy.ts';

/** `find --store`: over the indexes of all copies. */
export async function run(
  session: Session,
  [pattern = '']: string[],
  options: StoreOptions & { ignoreCase?: boolean },
): Promise<void> {
  const ignoreCase = options.ignoreCase === true;
  const outcome = await withSearched(session, options, (among) =>
    find(session.context('find'), archivePath(pattern), { ignoreCase, among }),
  );
  answerFind(session, outcome);
}
