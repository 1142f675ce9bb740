/** The directories that a restore begins from, and whether they are still the same when it swaps. */
import type { BytePath } from '@gofr-backup/model';
import { isDirectory, parentOf } from '@gofr-backup/posix';
import { type Ground, movedAway } from './ground/ground.ts';
import { leadsInto } from './roots.ts';
import type { Stage } from './stages.ts';
import type { Target } from './target.ts';

interface Places {
  targets: Target[];
  stages: Stage[];
  ground: Ground;
}

/** From now on a restore finds the directories that it begins from, or nothing. */
export function knowHomes({ targets, stages, ground }: Places): void {
  const chosen = new Set(targets.map(({ place }) => place));
  const mounts = stages.flatMap(({ roots }) => roots).filter(({ place }) => !chosen.has(place));
  for (const { place } of [...targets, ...mounts]) {
    const home = nearestAbove(place, ground);
    const stat = ground.lstat(home);
    if (stat && isDirectory(stat)) ground.know(home, stat);
    else if (home !== place) throw movedAway(home);
    if (home === place) ground.know(parentOf(home), ground.directory(parentOf(home)).stat());
  }
}

/**
 * The places, and what is mounted inside them, are still what they were when they were chosen: a safety backup and an
 * extraction take minutes, in which the application may have put links or the backup directory there. Throws FAILED;
 * nothing was swapped in.
 */
export function assertUnmoved({ targets, ground }: Pick<Places, 'targets' | 'ground'>): void {
  const withheld = targets.flatMap((target) => target.withheld);
  for (const home of ground.assertKnown()) if (leadsInto(home, '/', withheld, ground)) throw movedAway(home);
}

/** The path itself or the nearest directory above it that is there. */
export function nearestAbove(path: BytePath, ground: Ground): BytePath {
  return ground.exists(path) || path === '/' ? path : nearestAbove(parentOf(path), ground);
}
