import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { bringBack, Copies } from '@gofr-backup/core';
import { BackupError, formatCount } from '@gofr-backup/model';
import { type RestoreOptions, run as restoreHere, timeOf } from '../commands/restore.ts';
import { absolutePath } from '../given-arguments.ts';
import type { Session } from '../session.ts';
import { type StoreOptions, withStore } from './given.ts';
import { withFetched } from './with-copy.ts';

type Options = RestoreOptions & StoreOptions;

/**
 * `restore --store`. Into a directory it needs nothing of this host. In place the copy first becomes a backup here again, so
 * that the safety backup has a place beside it.
 */
export async function run(session: Session, [name]: string[], options: Options): Promise<number> {
  const wanted = await chosen(session, name, options);
  const { latest: _l, interactive: _i, before: _b, ...rest } = options;
  if (rest.to === undefined) {
    const entry = await withStore(session, options, (offsite) =>
      bringBack(session.context('restore'), offsite, wanted),
    );
    session.note(`${entry.filename} came back from the store, and is verified`);
    return restoreHere(session, [entry.filename], rest);
  }
  const near = dirname(absolutePath(rest.to));
  await mkdir(near, { recursive: true });
  return withFetched(session, options, { name: wanted, near }, (inner, filename, arriving) =>
    restoreHere(inner, [filename], { ...rest, here: true }, { arriving }),
  );
}

async function chosen(session: Session, name: string | undefined, options: Options): Promise<string> {
  const { latest, interactive, before } = options;
  if (interactive)
    throw new BackupError('USAGE', 'Copies of a store are not chosen from a list', {
      why: '--interactive shows the backups of this host',
      hint: 'See the names with `gofr-backup list --store …`, and give one, or --latest.',
    });
  if (before !== undefined && name === undefined) return newestBefore(session, options, before);
  if ((name === undefined) !== (latest === true) || before !== undefined)
    throw new BackupError('USAGE', 'Choose exactly one copy to restore', {
      why: 'a restore takes exactly one of NAME, --latest and --before',
      hint: 'See the names with `gofr-backup list --store …`.',
    });
  return name ?? 'latest';
}

function newestBefore(session: Session, options: Options, time: string): Promise<string> {
  const before = timeOf(session, time);
  return withStore(session, options, async (offsite) => {
    const { copies } = await Copies.open(offsite);
    const found = copies.find(
      ({ recipe: { entry, arrived } }) => Date.parse(entry.created_at ?? arrived) < before,
    );
    if (found) return found.name.filename;
    throw new BackupError('NO_SUCH_BACKUP', `The store has no copy of a backup from before ${time}`, {
      why: `the oldest of ${formatCount(copies.length, 'copy', 'copies')} is newer`,
      hint: 'See the names with `gofr-backup list --store …`.',
    });
  });
}
