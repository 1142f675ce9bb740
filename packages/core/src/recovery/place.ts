/** Where on disk a restore goes, every link in it resolved, and whether that is still so. */
import * as fs from 'node:fs';
import { BackupError, type BytePath, displayPath, fsPath, joinPath } from '@gofr-backup/model';
import { exists, parentOf, realPath } from '@gofr-backup/posix';
import { leadsInto } from './roots.ts';
import type { Stage } from './stages.ts';
import type { Target } from './target.ts';
import { usage } from './usage.ts';

/**
 * Resolves links. A root that is a link stays, and its target is restored. A path that does not exist yet is kept as
 * it is written.
 */
export function resolvePlace(path: BytePath): BytePath {
  const absolute = path.length > 1 ? path.replace(/\/+$/, '') : path;
  if (exists(absolute)) {
    if (!fs.existsSync(fsPath(absolute)))
      throw usage(`${displayPath(absolute)} is a link that leads nowhere`, 'nothing can be restored there');
    return realPath(absolute);
  }
  const parent = parentOf(absolute);
  return parent === absolute
    ? absolute
    : joinPath(resolvePlace(parent), absolute.slice(absolute.lastIndexOf('/') + 1));
}

/**
 * The places, and what is mounted inside them, are still what they were when they were chosen: a safety backup and an
 * extraction take minutes, in which the application may have put links or the backup directory there. Throws FAILED;
 * nothing was swapped in.
 */
export function assertUnmoved({ targets, stages }: { targets: Target[]; stages: Stage[] }): void {
  const withheld = targets.flatMap((target) => target.withheld);
  const chosen = new Set(targets.map(({ place }) => place));
  const mounts = stages.flatMap(({ roots }) => roots).filter(({ place }) => !chosen.has(place));
  const homes = [...targets.map(homeOf), ...mounts.map(({ place }) => place)];
  for (const place of new Set(homes)) {
    const home = nearestAbove(place);
    if (realPath(home) === home && !leadsInto(home, '/', withheld)) continue;
    throw new BackupError('FAILED', `${displayPath(place)} is no longer what it was when the restore began`, {
      why: 'something put a symlink or another directory there meanwhile',
      hint: 'Nothing was replaced. Stop the services that write there, and run the restore again.',
    });
  }
}

/** One path of the archive may itself be a link: that one is moved, never followed. */
const homeOf = ({ components, place, stays }: Target): BytePath =>
  components.length === 0 && !stays ? parentOf(place) : place;

/** The path itself or the nearest directory above it that is there. */
export function nearestAbove(path: BytePath): BytePath {
  return exists(path) || path === '/' ? path : nearestAbove(parentOf(path));
}
