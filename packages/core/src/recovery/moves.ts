/** From a staged tree and what lies in place: the fewest renames that make one of the other. */
import {
  BackupError,
  type BytePath,
  displayPath,
  isOneOf,
  isWorkDir,
  isWorkDirName,
  joinPath,
} from '@gofr-backup/model';
import { type FileStat, isDirectory, isSpecial, isWithin, parentOf } from '@gofr-backup/posix';
import type { Ground } from './ground/ground.ts';
import type { AttributeChange, Move } from './journal.ts';
import type { Kept } from './kept.ts';
import type { MountTable } from './mounts.ts';
import { closedMode, isClosed } from './rights/closed.ts';
import { cannotMove, oldIn, type Stage, stagedFor } from './stages.ts';
import { stagedPrint } from './staged-print.ts';
import { attributesOf, inodeOfDirectory } from './swap.ts';
import { isMounted, relativeTo, type Target } from './target.ts';

export interface MovePlan {
  moves: Move[];
  attributes: AttributeChange[];
  /** paths that the archive has too, but that are left alone in place */
  kept: Kept[];
}

/**
 * A directory is renamed as a whole unless something in it must stay: a mount point, the backup directory, a socket, what
 * the target does not own, or (merging) whatever the archive does not have. Such a directory stays, its children are looked at one by one.
 * `fixed` are directories whose rename was tried and refused.
 */
export function planMoves(
  targets: Target[],
  stages: Stage[],
  mounts: MountTable,
  ground: Ground,
  fixed: ReadonlySet<BytePath> = new Set(),
): MovePlan {
  const plan: MovePlan = { moves: [], attributes: [], kept: [] };
  for (const target of targets) planTarget(target, stages, mounts, ground, fixed, plan);
  // children before parents: setting a child's attributes leaves its parent's times alone, moving one in does not
  plan.attributes.reverse();
  return plan;
}

function planTarget(
  target: Target,
  stages: Stage[],
  mounts: MountTable,
  ground: Ground,
  fixed: ReadonlySet<BytePath>,
  plan: MovePlan,
): void {
  const keepers = directoriesThatStay(target, mounts, ground, fixed);
  const keepsItsPlace = (directory: BytePath) =>
    target.merge ||
    keepers.has(directory) ||
    (directory === target.place && (target.stays || cannotMove(directory, mounts, ground)));
  const pending: BytePath[] = [target.place];
  while (pending.length > 0) {
    const place = pending.pop()!;
    const relative = relativeTo(place, target);
    const { staged, workDir } = stagedFor(place, stages);
    const present = ground.lstatKnown(place);
    const coming = ground.lstat(staged);
    if (!coming && (target.merge || !present)) continue;
    if (
      present &&
      (isMounted(place, target) || isLeftAlone(present, relative, target, coming !== undefined))
    ) {
      if (coming) plan.kept.push({ place, staged });
      continue;
    }
    if (target.merge && present && coming) refuseConflict(place, present, isDirectory(coming));
    if (present && isDirectory(present) && keepsItsPlace(place)) {
      if (coming && !isDirectory(coming)) throw inTheWay(place);
      if (coming && !target.keepsAttributes(place) && !target.keeps(relative, true))
        plan.attributes.push(changeOf(place, present, coming));
      else openAsItIs(place, ground, plan);
      ground.know(place, present);
      pending.push(...childrenOf(place, coming ? staged : undefined, ground));
    } else if (coming || target.owns(relative, isDirectory(present!))) {
      if (place === target.place) openAsItIs(parentOf(place), ground, plan);
      plan.moves.push({
        place,
        staged: coming ? staged : null,
        aside: present ? joinPath(oldIn(workDir), String(plan.moves.length)) : null,
        stagedInode: coming && String(coming.ino),
        stagedPrint: coming && stagedPrint(staged, ground),
        asideInode: present && inodeOfDirectory(present),
        stagedMode: closedMode(coming),
        asideMode: closedMode(present),
      });
    }
  }
}

/** A directory that stays as it is, the one that a target lies in among them, is opened meanwhile. */
function openAsItIs(directory: BytePath, ground: Ground, { attributes }: MovePlan): void {
  if (!ground.exists(directory) || !isClosed(directory, ground)) return;
  const stat = ground.lstat(directory)!;
  if (attributes.every(({ place }) => place !== directory)) attributes.push(changeOf(directory, stat, stat));
}

const changeOf = (place: BytePath, present: FileStat, coming: FileStat): AttributeChange => ({
  place,
  inode: String(present.ino),
  before: attributesOf(present),
  after: attributesOf(coming),
});

/** Every directory with something below that must not move with it. */
function directoriesThatStay(
  target: Target,
  mounts: MountTable,
  ground: Ground,
  fixed: ReadonlySet<BytePath>,
): Set<BytePath> {
  const stays = new Set<BytePath>(fixed);
  const markUp = (from: BytePath) => {
    for (let path = from; isWithin(path, target.place) && !stays.has(path); path = parentOf(path))
      stays.add(path);
  };
  for (const mount of mounts.below(target.place)) markUp(ground.isDirectory(mount) ? mount : parentOf(mount));
  if (target.merge) return stays;
  const isClosed = (path: BytePath, stat: FileStat) => {
    const closed = isWorkDir(path) || isOneOf(stat, target.withheld);
    if (closed) markUp(parentOf(path));
    return closed;
  };
  for (const { path, relative, stat } of ground.walk(target.place, isClosed)) {
    if (isDirectory(stat)) {
      if (!target.owns(relative, true)) markUp(path);
    } else if (isSpecial(stat) || !target.owns(relative, false)) markUp(parentOf(path));
  }
  return stays;
}

/**
 * Whether a place is left alone: no backup holds it, or it is not part of this restore. It is neither removed nor
 * replaced.
 */
export function isLeftAlone(
  present: FileStat,
  relative: BytePath,
  target: Target,
  isComing: boolean,
): boolean {
  if (isDirectory(present)) return isOneOf(present, target.withheld);
  return target.keeps(relative, false) || (isSpecial(present) && !isComing);
}

/** What is laid over what is there removes nothing: a directory never gives way to a file, nor a file, socket or device to anything else. */
export function refuseConflict(place: BytePath, present: FileStat, comesDirectory: boolean): void {
  if (isDirectory(present) === comesDirectory && !isSpecial(present)) return;
  const here = isDirectory(present)
    ? 'a directory'
    : isSpecial(present)
      ? 'a socket, FIFO or device'
      : 'a file';
  throw new BackupError('FAILED', `${displayPath(place)} is in the way: nothing was restored`, {
    why: `here it is ${here}, in the archive ${comesDirectory ? 'a directory' : 'a file'}, and a restore that is laid over what is there (--merge, or metadata alone) removes nothing`,
    hint: 'Move it away, restore its whole component without --merge, restore a part (--path), or into another directory (--to DIR).',
    details: { place: displayPath(place) },
  });
}

/** The names in both directories. Work directories are left out, because they are never part of the data. */
function childrenOf(place: BytePath, staged: BytePath | undefined, ground: Ground): BytePath[] {
  const names = new Set([...ground.names(place), ...(staged === undefined ? [] : ground.names(staged))]);
  return [...names]
    .filter((name) => !isWorkDirName(name))
    .sort()
    .reverse()
    .map((name) => joinPath(place, name));
}

function inTheWay(place: BytePath): BackupError {
  return new BackupError('FAILED', `${displayPath(place)} cannot be replaced`, {
    why: 'the archive has a file of this name, but here it is a directory that must stay, or has in it what must: a mount, a socket, or what EXCLUDE keeps out of every backup',
    hint: 'Unmount or move what is in it, or restore with --to into another directory.',
  });
}
