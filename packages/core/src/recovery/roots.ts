/**
 * Checks a component's directory before it is read or replaced: it must be no link and no part of the backup
 * directory.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { linkedRoot } from '@gofr-backup/archive';
import {
  BackupError,
  type BackupPlan,
  type BytePath,
  displayPath,
  fsPath,
  type Identity,
  isOneOf,
  joinPath,
  toBytePath,
} from '@gofr-backup/model';
import { isDirectory, isLink, isWithin, lstatIfPresent, parentOf } from '@gofr-backup/posix';
import { Ground, movedAway } from './ground/ground.ts';
import { resolvePlace } from './ground/resolve-place.ts';

/**
 * Where a component lies; from then on the ground knows its directory. Throws CONFIG, or FAILED when a link is put there just then.
 * Links above DATA_DIR, or above a root that lies elsewhere, are the operator's; below DATA_DIR the application writes.
 */
export function placeOfRoot(
  plan: BackupPlan,
  root: string,
  withheld: readonly Identity[],
  ground: Ground,
): BytePath {
  const linked = refusedLink(plan, root);
  if (linked !== undefined) throw linkedRoot(displayPath(linked));
  const place = resolvedRoot(plan, root);
  if (ground.exists(place) && leadsInto(place, '/', withheld, ground))
    throw insideBackups(toBytePath(root), plan);
  const present = ground.lstat(place);
  if (present && isLink(present)) throw movedAway(place);
  if (present && isDirectory(present)) ground.know(place, present);
  return place;
}

/** For a backup, which finds it by itself. A link that leads nowhere is no root. */
export function refuseRoot(plan: BackupPlan, root: string, withheld: readonly Identity[]): void {
  const isMissing = refusedLink(plan, root) === undefined && !existsSync(fsPath(toBytePath(root)));
  if (isMissing) return;
  using ground = new Ground();
  placeOfRoot(plan, root, withheld, ground);
}

/** A link that takes the place of the root, or of a directory between DATA_DIR and it, is not followed meanwhile either. */
export function resolvedRoot({ followRootLinks, dataDir }: BackupPlan, root: string): BytePath {
  const [place, base] = [toBytePath(root), toBytePath(dataDir)];
  if (followRootLinks) return resolvePlace(place);
  return resolvePlace(place, place !== base && isWithin(place, base) ? base : parentOf(place));
}

/** The link at a component's root, or between DATA_DIR and it, that is not followed. */
export function refusedLink(plan: BackupPlan, root: string): BytePath | undefined {
  if (plan.followRootLinks) return undefined;
  return pathsBelow(toBytePath(plan.dataDir), toBytePath(root)).find((path) =>
    lstatIfPresent(path)?.isSymbolicLink(),
  );
}

/** A link that the application could have put on the way to a directory of the operator's choice, `--to`. */
export function linkOnTheWay(plan: BackupPlan, directory: string): BytePath | undefined {
  const place = toBytePath(resolve(directory));
  return writableAbove(plan, place)
    .flatMap((base) => pathsBelow(base, place))
    .find((path) => lstatIfPresent(path)?.isSymbolicLink());
}

/** Where the operator's directory lies; no link is followed where the application could have put it. */
export function resolvedDirectory(plan: BackupPlan, directory: string): BytePath {
  const place = toBytePath(resolve(directory));
  const [outermost] = writableAbove(plan, place).sort((a, b) => a.length - b.length);
  return resolvePlace(place, outermost);
}

/** The directories above it that the application writes to. */
function writableAbove(plan: BackupPlan, place: BytePath): BytePath[] {
  if (plan.followRootLinks) return [];
  return [plan.dataDir, ...plan.components.map(({ root }) => root)]
    .map((base) => toBytePath(base))
    .filter((base) => place !== base && isWithin(place, base));
}

/** The paths from below `base` down to `path`; only `path` when it lies elsewhere. */
function pathsBelow(base: BytePath, path: BytePath): BytePath[] {
  if (path === base || !isWithin(path, base)) return [path];
  const parts = path.slice(joinPath(base, '').length).split('/');
  return parts.map((_, depth) => joinPath(base, parts.slice(0, depth + 1).join('/')));
}

/** Whether `path`, or a directory between `from` and `path`, is one of `directories`. */
export function leadsInto(
  path: BytePath,
  from: BytePath,
  directories: readonly Identity[],
  ground: Ground,
): boolean {
  for (let at = path; ; at = parentOf(at)) {
    const stat = ground.lstat(at);
    if (stat && isOneOf(stat, directories)) return true;
    if (at === from || at === parentOf(at)) return false;
  }
}

function insideBackups(place: BytePath, { backupDir }: BackupPlan): BackupError {
  return new BackupError('CONFIG', `${displayPath(place)} is a part of the backup directory`, {
    why: `it is mounted from, or leads into, ${backupDir}: a restore would replace the backups themselves`,
    hint: 'Nothing was changed. Mount or point BACKUP_DIR and the components at different directories.',
    details: { root: displayPath(place), backupDir },
  });
}
