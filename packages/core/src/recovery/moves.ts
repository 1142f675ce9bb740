/** From a staged tree and what lies in place: the fewest renames that make one of the other. */
import { displayPath, joinPath } from '../archive/byte-path.ts';
import type { BytePath } from '../archive/types.ts';
import { BackupError } from '../errors.ts';
import { type AttributeChange, isWorkDirName, type Move } from './journal.ts';
import type { MountTable } from './mounts.ts';
import { cannotMove, oldIn, type Stage, stagedFor } from './staging.ts';
import { attributesOf } from './swap.ts';
import type { Target } from './target.ts';
import { isWithin, look, namesIn, parentOf, walk } from './tree.ts';

export interface MovePlan {
  moves: Move[];
  attributes: AttributeChange[];
}

/**
 * A directory is renamed as a whole unless something in it must stay: a mount point, a file the target does not own, or
 * (merging) whatever the archive does not have. Such a directory stays, its children are looked at one by one.
 * `fixed` are directories whose rename was tried and refused.
 */
export function planMoves(
  targets: Target[],
  stages: Stage[],
  mounts: MountTable,
  fixed: ReadonlySet<BytePath> = new Set(),
): MovePlan {
  const plan: MovePlan = { moves: [], attributes: [] };
  for (const target of targets) planTarget(target, stages, mounts, fixed, plan);
  // children before parents: setting a child's attributes leaves its parent's times alone, moving one in does not
  plan.attributes.reverse();
  return plan;
}

function planTarget(
  target: Target,
  stages: Stage[],
  mounts: MountTable,
  fixed: ReadonlySet<BytePath>,
  plan: MovePlan,
): void {
  const keepers = directoriesThatStay(target, mounts, fixed);
  const stays = (directory: BytePath) =>
    target.merge ||
    keepers.has(directory) ||
    (directory === target.place && (target.stays || cannotMove(directory, mounts)));
  const pending: BytePath[] = [target.place];
  while (pending.length > 0) {
    const place = pending.pop()!;
    const { staged, workDir } = stagedFor(place, stages);
    const present = look(place);
    const coming = look(staged);
    if (!coming && (target.merge || !present)) continue;
    refuseMountedFile(place, present?.isDirectory() ?? true, mounts);
    const becomesFile = coming !== undefined && !coming.isDirectory();
    if (present?.isDirectory() && stays(place) && !(becomesFile && target.merge && !keepers.has(place))) {
      if (becomesFile) throw inTheWay(place);
      if (coming && !target.keepsAttributes(place))
        plan.attributes.push({ place, before: attributesOf(present), after: attributesOf(coming) });
      pending.push(...childrenOf(place, coming ? staged : undefined));
    } else if (coming || target.owns(relativeTo(target.place, place))) {
      const aside = present ? joinPath(oldIn(workDir), String(plan.moves.length)) : null;
      plan.moves.push({ place, staged: coming ? staged : null, aside });
    }
  }
}

/** Every directory with something below that must not move with it. */
function directoriesThatStay(
  target: Target,
  mounts: MountTable,
  fixed: ReadonlySet<BytePath>,
): Set<BytePath> {
  const stays = new Set<BytePath>(fixed);
  const markUp = (from: BytePath) => {
    for (let path = from; isWithin(path, target.place) && !stays.has(path); path = parentOf(path))
      stays.add(path);
  };
  for (const mount of mounts.below(target.place))
    markUp(look(mount)?.isDirectory() ? mount : parentOf(mount));
  if (target.ownsAll || target.merge) return stays;
  for (const { path, relative, stat } of walk(target.place))
    if (!stat.isDirectory() && !target.owns(relative)) markUp(parentOf(path));
  return stays;
}

/** Work directories (this restore's own may lie here) are never part of anybody's data. */
function childrenOf(place: BytePath, staged: BytePath | undefined): BytePath[] {
  const names = new Set([...namesIn(place), ...(staged === undefined ? [] : namesIn(staged))]);
  return [...names]
    .filter((name) => !isWorkDirName(name))
    .sort()
    .reverse()
    .map((name) => joinPath(place, name));
}

function relativeTo(root: BytePath, path: BytePath): BytePath {
  return path === root ? '' : path.slice(root.length + 1);
}

function refuseMountedFile(place: BytePath, isDirectory: boolean, mounts: MountTable): void {
  if (isDirectory || !mounts.points.has(place)) return;
  throw new BackupError('FAILED', `${displayPath(place)} cannot be replaced`, {
    why: 'this one file is a mount of its own, and a mount point cannot be renamed',
    hint: 'Unmount it, or restore with --to into another directory and copy it by hand.',
  });
}

function inTheWay(place: BytePath): BackupError {
  return new BackupError('FAILED', `${displayPath(place)} cannot be replaced`, {
    why: 'the archive has a file of this name, but here it is a directory that must stay (a mount point is in it)',
    hint: 'Unmount what is mounted there, or restore with --to into another directory.',
  });
}
