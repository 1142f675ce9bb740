import { Copies, listingLines } from '@gofr-backup/core';
import { formatCount, systemClock, type Tier } from '@gofr-backup/model';
import type { Session } from '../session.ts';
import { type StoreOptions, withStore } from './given.ts';

/** `list --store`: the copies that a store has, in the form of `list`. */
export async function run(
  session: Session,
  _args: string[],
  options: StoreOptions & { tier?: Tier },
): Promise<void> {
  await withStore(session, options, async (offsite) => {
    const { copies, unread } = await Copies.open(offsite);
    const wanted = copies.filter(({ name }) => options.tier === undefined || name.tier === options.tier);
    const backups = wanted.map(({ recipe }) => recipe.entry);
    const sizes = backups.map(({ size_bytes }) => size_bytes);
    const total = sizes.reduce((sum, size) => sum + size, 0);
    const document = {
      project: offsite.project,
      store: offsite.name,
      backups,
      summary: {
        total: backups.length,
        size_bytes: total,
        oldest: backups.at(-1)?.timestamp ?? null,
        newest: backups[0]?.timestamp ?? null,
      },
      unread: unread.map(({ object, why }) => ({ object, why })),
    };
    session.answer(document, listingLines(backups, systemClock.now(), session.settings.timezone));
    for (const { name, signer } of wanted.filter((copy) => copy.signer === 'foreign'))
      session.note(
        `${name.filename}: its recipe is signed by a key (${signer}) that this host does not know`,
      );
    if (unread.length > 0)
      session.note(
        `${formatCount(unread.length, 'recipe')} could not be read; the first: ${unread[0]!.object}: ${unread[0]!.why}`,
      );
  });
}
