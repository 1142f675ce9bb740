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
import { isWithin, lstatIfPresent, parentOf, realPath } from '@gofr-backup/posix';

/**
 * Throws CONFIG. Links above DATA_DIR, or above a root that lies elsewhere, are the operator's; below DATA_DIR the
 * application writes.
 */
export function refuseRoot(plan: BackupPlan, root: string, withheld: readonly Identity[]): void {
  const place = toBytePath(root);
  const linked = refusedLink(plan, root);
  if (linked !== undefined) throw linkedRoot(displayPath(linked));
  if (existsSync(fsPath(place)) && leadsInto(realPath(place), '/', withheld))
    throw insideBackups(place, plan);
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
  if (plan.followRootLinks) return undefined;
  const place = toBytePath(resolve(directory));
  const bases = [plan.dataDir, ...plan.components.map(({ root }) => root)].map((base) => toBytePath(base));
  return bases
    .filter((base) => place !== base && isWithin(place, base))
    .flatMap((base) => pathsBelow(base, place))
    .find((path) => lstatIfPresent(path)?.isSymbolicLink());
}

/** The paths from below `base` down to `path`; only `path` when it lies elsewhere. */
function pathsBelow(base: BytePath, path: BytePath): BytePath[] {
  if (path === base || !isWithin(path, base)) return [path];
  const parts = path.slice(joinPath(base, '').length).split('/');
  return parts.map((_, depth) => joinPath(base, parts.slice(0, depth + 1).join('/')));
}

/** Whether `path`, or a directory between `from` and `path`, is one of `directories`. */
export function leadsInto(path: BytePath, from: BytePath, directories: readonly Identity[]): boolean {
  for (let at = path; ; at = parentOf(at)) {
    const stat = lstatIfPresent(at);
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
