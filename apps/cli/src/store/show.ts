import { Copies } from '@gofr-backup/core';
import { formatCount } from '@gofr-backup/model';
import { entryLines } from '../commands/show.ts';
import type { Session } from '../session.ts';
import { type StoreOptions, withStore } from './given.ts';

/** `show --store`: the record that a copy carries. */
export function run(session: Session, [name = 'latest']: string[], options: StoreOptions): Promise<void> {
  return withStore(session, options, async (offsite) => {
    const { recipe, signer } = (await Copies.open(offsite)).find(name);
    const { entry, arrived, packs } = recipe;
    session.answer({ store: offsite.name, arrived, packs: packs.length, signer, backup: entry }, [
      ...entryLines(session, entry),
      `  in the store since ${arrived}, in ${formatCount(packs.length, 'pack')}, its recipe signed by ${SIGNERS[signer]}`,
    ]);
  });
}

const SIGNERS = {
  own: 'this installation',
  listed: 'the host that writes there',
  foreign: 'a key that is not known here',
} as const;
