/** On which file system each part of a restore is staged, and under which name. */
import { type BytePath, joinPath, workDirName } from '@gofr-backup/model';
import { isWithin, parentOf } from '@gofr-backup/posix';
import type { Ground } from './ground/ground.ts';
import type { MountTable } from './mounts.ts';
import { assertAccess } from './rights/access.ts';
import { isClosed } from './rights/closed.ts';
import { leadsInto } from './roots.ts';
import { isMounted, type Target, within } from './target.ts';

/** A part of the tree that is extracted into one work directory: the whole of a target, or what is mounted inside it. */
export interface StagedRoot {
  place: BytePath;
  archivePath: BytePath;
}

export interface Stage {
  workDir: BytePath;
  roots: StagedRoot[];
  /** of what is mounted inside a target, and of nothing else */
  isMount: boolean;
  /** of the archive; absent: everything */
  paths?: BytePath[];
}

export const newIn = (workDir: BytePath): BytePath => joinPath(workDir, 'new');
export const oldIn = (workDir: BytePath): BytePath => joinPath(workDir, 'old');

/** Where each target (and each mount point inside one) is staged. The first stage's directory holds the journal. */
export function layStages(targets: Target[], mounts: MountTable, id: string, ground: Ground): Stage[] {
  const stages = new Map<BytePath, Stage>();
  for (const target of targets) {
    addRoot(stages, workHome(target, mounts, ground), target, target.paths, { id, isMount: false });
    for (const mount of mounts.below(target.place)) {
      if (leadsInto(mount, target.place, target.withheld, ground) || isMounted(mount, target)) continue;
      const archivePath = joinPath(target.archivePath, mount.slice(target.place.length + 1));
      if (ground.isDirectory(mount))
        addRoot(stages, mount, { place: mount, archivePath }, pathsBelow(archivePath, target), {
          id,
          isMount: true,
        });
    }
  }
  return [...stages.values()];
}

/** Of what the target restores, the part at `archivePath` and below. */
function pathsBelow(archivePath: BytePath, { paths }: Target): BytePath[] {
  if (within(paths)(archivePath)) return [archivePath];
  return paths?.filter((path) => isWithin(path, archivePath)) ?? [];
}

/** The directory that gets the work directory: beside the place, or inside it when it cannot be renamed. */
export function workHome(target: Target, mounts: MountTable, ground: Ground): BytePath {
  const inside =
    ground.isDirectory(target.place) && (target.stays || cannotMove(target.place, mounts, ground));
  return inside ? target.place : openAbove(parentOf(target.place), mounts, ground);
}

/** On the same mount: what this user has closed for writing is opened only for the swap. */
function openAbove(directory: BytePath, mounts: MountTable, ground: Ground): BytePath {
  if (!ground.exists(directory) || !isClosed(directory, ground)) return directory;
  return mounts.isMountPoint(directory, ground) ? directory : openAbove(parentOf(directory), mounts, ground);
}

export function cannotMove(directory: BytePath, mounts: MountTable, ground: Ground): boolean {
  return mounts.isMountPoint(directory, ground) || !isWritable(parentOf(directory), ground);
}

/** Also where this user may make it so. */
export function isWritable(directory: BytePath, ground: Ground): boolean {
  try {
    assertAccess(directory, ground);
    return true;
  } catch {
    return isClosed(directory, ground);
  }
}

function addRoot(
  stages: Map<BytePath, Stage>,
  home: BytePath,
  root: StagedRoot,
  paths: BytePath[] | undefined,
  { id, isMount }: { id: string; isMount: boolean },
): void {
  const workDir = joinPath(home, workDirName(id));
  const stage = stages.get(home) ?? { workDir, roots: [], isMount, paths: [] };
  stage.isMount &&= isMount;
  stage.roots.push({ place: root.place, archivePath: root.archivePath });
  if (paths === undefined) delete stage.paths;
  else stage.paths?.push(...paths);
  stages.set(home, stage);
}

/** The staged counterpart of `place`, in the stage of its own file system. */
export function stagedFor(place: BytePath, stages: Stage[]): { staged: BytePath; workDir: BytePath } {
  let best: { stage: Stage; root: StagedRoot } | undefined;
  for (const stage of stages)
    for (const root of stage.roots)
      if (isWithin(place, root.place) && (!best || root.place.length > best.root.place.length))
        best = { stage, root };
  const { stage, root } = best!;
  const below = place.slice(root.place.length).replace(/^\//, '');
  const inArchive = [root.archivePath, below].filter((part) => part !== '').join('/');
  const staged = inArchive === '' ? newIn(stage.workDir) : joinPath(newIn(stage.workDir), inArchive);
  return { staged, workDir: stage.workDir };
}
