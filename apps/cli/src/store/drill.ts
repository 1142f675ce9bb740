import { drillCopy } from '@gofr-backup/core';
import { answerDrill } from '../commands/drill.ts';
import type { Session } from '../session.ts';
import { type StoreOptions, withStore } from './given.ts';

/** `drill --store`: from the store alone, as on the day when nothing else is left. */
export async function run(
  session: Session,
  [name = 'latest']: string[],
  options: StoreOptions,
): Promise<number> {
  const outcome = await withStore(session, options, (offsite) =>
    drillCopy(session.context('drill'), offsite, name),
  );
  session.screen.clear();
  return answerDrill(session, outcome);
}
