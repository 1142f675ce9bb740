/**
 * Tells a prune on another host which packs belong to a copy under way, which no recipe names yet: by lists in the store that
 * count for some days. A host that may not remove leaves them there.
 */
import { toBackupError } from '@gofr-backup/model';
import type { Cache } from '../cache/cache.ts';
import { pendingCopies } from '../cache/pending.ts';
import { listText } from '../inventory.ts';
import { copyingList } from '../layout.ts';
import type { Objects } from '../objects.ts';
import type { Offsite } from '../offsite.ts';
import type { Pack } from '../recipe/recipe.ts';

/** A copy that is done sooner needs no list: a prune removes nothing that it listed less than a day ago. */
const EVERY = 6 * 3_600_000;

export interface Telling extends AsyncDisposable {
  stored(pack: Pack): Promise<void>;
}

/** What an earlier try has stored is told at once. */
export async function tellOfCopy(
  offsite: Offsite,
  { objects, cache }: { objects: Objects; cache: Cache },
): Promise<Telling> {
  const { clock, signal } = offsite;
  const packs = new Set(
    (await pendingCopies(cache)).flatMap((copy) => copy.packs.map(({ sha256 }) => sha256)),
  );
  const lists: string[] = [];
  let told = clock.monotonic();
  const tell = async (): Promise<void> => {
    told = clock.monotonic();
    const list = copyingList(await objects.now(signal));
    await objects.put(list, listText(packs), signal);
    lists.push(list);
  };
  if (packs.size > 0) await tell();
  return {
    async stored({ sha256 }) {
      packs.add(sha256);
      if (clock.monotonic() - told >= EVERY) await tell();
    },
    [Symbol.asyncDispose]: () => forget(offsite, objects, lists),
  };
}

async function forget(
  { logger, name, signal }: Offsite,
  objects: Objects,
  lists: readonly string[],
): Promise<void> {
  for (const list of lists)
    await objects.remove(list, signal).catch((error: unknown) => {
      const { why } = toBackupError(error, 'removing a list');
      logger.debug({ store: name, list, why }, 'a list of packs under way stays in the store');
    });
}
