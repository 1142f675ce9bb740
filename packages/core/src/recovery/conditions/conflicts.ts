/** What --merge cannot lay over what is there. */
import type { ArchiveEntry, BytePath } from '@gofr-backup/model';
import { isWithin } from '@gofr-backup/posix';
import type { Ground } from '../ground/ground.ts';
import { isLeftAlone, refuseConflict } from '../moves.ts';
import { isMounted, placeOf, relativeTo, type Target, within } from '../target.ts';

/** Sees every entry; throws FAILED for the first one in whose place something lies that no merging may remove. */
export function conflictCheck(targets: readonly Target[], ground: Ground): (entry: ArchiveEntry) => void {
  const merging = targets
    .filter(({ merge }) => merge)
    .map((target) => ({ target, has: within(target.paths), missing: new MissingTree(target.place, ground) }));
  return ({ path, type }) => {
    for (const { target, has, missing } of merging) {
      const place = placeOf(path, target);
      if (place === undefined || !has(path) || missing.has(place) || isMounted(place, target)) continue;
      const present = ground.lstat(place);
      if (!present) missing.begin(place);
      if (present && !isLeftAlone(present, relativeTo(place, target), target, true))
        refuseConflict(place, present, type === 'directory');
    }
  };
}

/** Entries come with their directory before them: below one that is not there, nothing needs to be looked at. */
class MissingTree {
  #top: BytePath | undefined;

  constructor(start: BytePath, ground: Ground) {
    this.#top = ground.exists(start) ? undefined : start;
  }

  has(place: BytePath): boolean {
    return this.#top !== undefined && isWithin(place, this.#top);
  }

  begin(place: BytePath): void {
    this.#top = place;
  }
}
