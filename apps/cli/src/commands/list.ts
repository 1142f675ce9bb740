import { list, listingLines, trashed } from '@gofr-backup/core';
import { systemClock, type Tier } from '@gofr-backup/model';
import { noteAside } from '../note-aside.ts';
import type { Session } from '../session.ts';
import { trashLines } from '../lines/trash-lines.ts';

interface Options {
  tier?: Tier;
  trash?: boolean;
}

export async function run(session: Session, _args: string[], options: Options): Promise<void> {
  if (options.trash) return listTrash(session, options);
  const outcome = await list(
    session.context('list'),
    options.tier === undefined ? {} : { tier: options.tier },
  );
  session.answer(outcome, listingLines(outcome.backups, systemClock.now(), session.settings.timezone));
  noteAside(session, outcome);
}

async function listTrash(session: Session, { tier }: Options): Promise<void> {
  const all = await trashed(session.context('list'));
  const trash = all.filter((backup) => tier === undefined || backup.tier === tier);
  session.answer({ trash }, trashLines(trash, session.settings.timezone));
}
