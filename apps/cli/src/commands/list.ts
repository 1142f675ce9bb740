import { list, listingLines } from '@gofr-backup/core';
import { systemClock, type Tier } from '@gofr-backup/model';
import { noteAside } from '../note-aside.ts';
import type { Session } from '../session.ts';

export async function run(session: Session, _args: string[], options: { tier?: Tier }): Promise<void> {
  const outcome = await list(
    session.context('list'),
    options.tier === undefined ? {} : { tier: options.tier },
  );
  session.answer(outcome, listingLines(outcome.backups, systemClock.now(), session.settings.timezone));
  noteAside(session, outcome);
}
