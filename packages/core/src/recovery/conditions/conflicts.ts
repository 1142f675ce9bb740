/** What --merge cannot lay over what is there. */
import type { ArchiveEntry } from '@gofr-backup/model';
import type { Ground } from '../ground/ground.ts';
import { isLeftAlone, refuseConflict } from '../moves.ts';
import { isMounted, placeOf, relativeTo, type Target, within } from '../target.ts';

/** Sees every entry; throws FAILED for the first one in whose place something lies that no merging may remove. */
export function conflictCheck(targets: readonly Target[], ground: Ground): (entry: ArchiveEntry) => void {
  const merging = targets
    .filter(({ merge }) => merge)
    .map((target) => ({ target, has: within(target.paths) }));
  return ({ path, type }) => {
    for (const { target, has } of merging) {
      const place = placeOf(path, target);
      if (place === undefined || !has(path) || isMounted(place, target)) continue;
      const present = ground.lstat(place);
      if (present && !isLeftAlone(present, relativeTo(place, target), target, true))
        refuseConflict(place, present, type === 'directory');
    }
  };
}
