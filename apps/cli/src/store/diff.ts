import { diff } from '@gofr-backup/core';
import { answerDiff } from '../commands/diff.ts';
import type { Session } from '../session.ts';
import type { StoreOptions } from './given.ts';
import { withSearched } from './with-copy.ts';

/** `diff --store`: between two copies, by their indexes. */
export async function run(
  session: Session,
  [from = '', to = '']: string[],
  options: StoreOptions,
): Promise<void> {
  const outcome = await withSearched(session, options, (among) =>
    diff(session.context('diff'), from, to, { among }),
  );
  answerDiff(session, outcome);
}
