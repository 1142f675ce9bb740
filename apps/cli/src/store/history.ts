import { history } from '@gofr-backup/core';
import { answerHistory } from '../commands/history.ts';
import { archivePath } from '../given-arguments.ts';
import type { Session } from '../session.ts';
import { asGiven, type StoreOptions } from './given.ts';
import { withSearched } from './with-copy.ts';

/** `history --store`: over the indexes of all copies. */
export async function run(session: Session, [path = '']: string[], options: StoreOptions): Promise<void> {
  const outcome = await withSearched(session, options, (among) =>
    history(session.context('history'), archivePath(path), { among }),
  );
  answerHistory(session, outcome, asGiven(options));
}
