/** What is mounted inside a target and cannot be replaced: it stays, is named before the work, and the rest goes on. */
import * as fs from 'node:fs';
import { BackupError, type BytePath, displayPath, errnoOf, joinPath } from '@gofr-backup/model';
import { isDirectory } from '@gofr-backup/posix';
import type { Ground } from '../ground/ground.ts';
import type { MountTable } from '../mounts.ts';
import { leadsInto } from '../roots.ts';
import { isMounted, relativeTo, type Selection, type Target } from '../target.ts';

/** Throws FAILED for a target that is such a mount itself. */
export function withFixedMounts(
  { targets, warnings }: Selection,
  mounts: MountTable,
  ground: Ground,
): Selection {
  const all = targets.map((target) => ({ target, found: fixedMounts(target, targets, mounts, ground) }));
  return {
    targets: all.map(({ target, found }) =>
      found.size === 0 ? target : { ...target, mounted: new Set(found.keys()) },
    ),
    warnings: [...warnings, ...all.flatMap(({ target, found }) => [...found].map(warningOf(target)))],
  };
}

/** The places, each with the reason. */
function fixedMounts(
  target: Target,
  targets: Target[],
  mounts: MountTable,
  ground: Ground,
): Map<BytePath, string> {
  if (isNoDirectory(target.place, ground) && mounts.points.has(target.place))
    throw mountedFile(target, targets);
  const found = new Map<BytePath, string>();
  for (const mount of mounts.below(target.place)) {
    const why = leadsInto(mount, target.place, target.withheld, ground) ? undefined : reasonOf(mount, ground);
    const isInside = isMounted(mount, { ...target, mounted: new Set(found.keys()) });
    if (why !== undefined && !isInside) found.set(mount, why);
  }
  return found;
}

function reasonOf(mount: BytePath, ground: Ground): string | undefined {
  if (isNoDirectory(mount, ground))
    return 'this one file is a mount of its own, and a mount point cannot be renamed';
  try {
    fs.accessSync(ground.directory(mount).path, fs.constants.W_OK);
    return undefined;
  } catch (error) {
    return errnoOf(error) === 'EROFS' ? 'it is mounted read-only' : undefined;
  }
}

/** Nothing is none. */
const isNoDirectory = (path: BytePath, ground: Ground): boolean => {
  const stat = ground.lstat(path);
  return stat !== undefined && !isDirectory(stat);
};

const warningOf =
  (target: Target) =>
  ([place, why]: [BytePath, string]): string => {
    const path = joinPath(target.archivePath, relativeTo(place, target));
    return `${displayPath(path)} stays as it is: ${why} (${displayPath(place)}); unmount it, or bring it back with --to DIR`;
  };

function mountedFile(target: Target, targets: Target[]): BackupError {
  return new BackupError('FAILED', `${displayPath(target.place)} cannot be replaced`, {
    why: 'this one file is a mount of its own, and a mount point cannot be renamed',
    hint: `Unmount it, or restore with --to into another directory and copy it by hand${orTheOthers(target, targets)}.`,
  });
}

/** How to go on without this target, as the end of a sentence. */
export function orTheOthers(target: Target, targets: readonly Target[]): string {
  const others = targets.filter((one) => one !== target).flatMap(({ components }) => components);
  return others.length === 0 ? '' : `, or restore the others alone: --only ${others.join(',')}`;
}
