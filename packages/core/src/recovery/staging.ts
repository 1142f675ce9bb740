/** Work directories: on each file system that a restore changes, one hidden directory with what comes in and what goes out. */
import * as fs from 'node:fs';
import { type ArchiveReader, type ExtractReport, utimeOf } from '@gofr-backup/archive';
import {
  type BytePath,
  displayPath,
  fsPath,
  type Identity,
  joinPath,
  type Ports,
  workDirName,
} from '@gofr-backup/model';
import {
  exists,
  fsyncPath,
  isErrno,
  isWithin,
  look,
  namesIn,
  parentOf,
  removeTree,
  walk,
} from '@gofr-backup/posix';
import { flushTree } from './flush.ts';
import { type Journal, removeJournal } from './journal.ts';
import type { MountTable } from './mounts.ts';
import { leadsInto } from './roots.ts';
import { settleTimes } from './swap.ts';
import type { Target } from './target.ts';

/** A part of the tree that is extracted into one work directory: the whole of a target, or what is mounted inside it. */
export interface StagedRoot {
  place: BytePath;
  archivePath: BytePath;
}

export interface Stage {
  workDir: BytePath;
  roots: StagedRoot[];
  /** of the archive; absent: everything */
  paths?: BytePath[];
}

export const newIn = (workDir: BytePath): BytePath => joinPath(workDir, 'new');
export const oldIn = (workDir: BytePath): BytePath => joinPath(workDir, 'old');

/** Where each target (and each mount point inside one) is staged. The first stage's directory holds the journal. */
export function layStages(targets: Target[], mounts: MountTable, id: string): Stage[] {
  const stages = new Map<BytePath, Stage>();
  for (const target of targets) {
    addRoot(stages, workHome(target, mounts), target, target.paths, id);
    for (const mount of mounts.below(target.place)) {
      if (leadsInto(mount, target.place, target.withheld)) continue;
      const archivePath = joinPath(target.archivePath, mount.slice(target.place.length + 1));
      if (look(mount)?.isDirectory())
        addRoot(stages, mount, { place: mount, archivePath }, [archivePath], id);
    }
  }
  return [...stages.values()];
}

/** The directory that gets the work directory: beside the place, or inside it when it cannot be renamed. */
export function workHome(target: Target, mounts: MountTable): BytePath {
  const inside = look(target.place)?.isDirectory() && (target.stays || cannotMove(target.place, mounts));
  return inside ? target.place : parentOf(target.place);
}

export function cannotMove(directory: BytePath, mounts: MountTable): boolean {
  return mounts.isMountPoint(directory) || !isWritable(parentOf(directory));
}

export function isWritable(directory: BytePath): boolean {
  try {
    fs.accessSync(fsPath(directory), fs.constants.W_OK | fs.constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function addRoot(
  stages: Map<BytePath, Stage>,
  home: BytePath,
  root: StagedRoot,
  paths: BytePath[] | undefined,
  id: string,
): void {
  const stage = stages.get(home) ?? { workDir: joinPath(home, workDirName(id)), roots: [], paths: [] };
  stage.roots.push({ place: root.place, archivePath: root.archivePath });
  if (paths === undefined) delete stage.paths;
  else stage.paths?.push(...paths);
  stages.set(home, stage);
}

/** Open to look at, closed to enter: a service that runs as another uid must see the journal, and nothing else. */
export function createWorkDir(workDir: BytePath): void {
  fs.mkdirSync(fsPath(parentOf(workDir)), { recursive: true });
  fs.mkdirSync(fsPath(workDir), { mode: 0o755 });
  for (const directory of [newIn(workDir), oldIn(workDir)]) fs.mkdirSync(fsPath(directory), { mode: 0o700 });
  fsyncPath(parentOf(workDir));
}

export async function extractStages(
  reader: ArchiveReader,
  stages: Stage[],
  ports: Ports,
): Promise<ExtractReport> {
  const total: ExtractReport = { files: 0, bytes: 0, warnings: [] };
  for (const stage of stages) {
    const directory = Buffer.from(newIn(stage.workDir), 'latin1').toString('utf8');
    const report = await reader.extract({
      ...ports,
      directory,
      ...(stage.paths && { paths: stage.paths.map(displayPath) }),
    });
    total.files += report.files;
    total.bytes += report.bytes;
    total.warnings.push(...report.warnings);
  }
  return total;
}

/** Takes out of the staged tree what the target does not restore, and gives the directories their times back. */
export function pruneStaged(staged: BytePath, owns: (relative: BytePath) => boolean): void {
  const touched = new Map<BytePath, fs.BigIntStats>();
  for (const { path, relative, stat } of walk(staged)) {
    if (stat.isDirectory() || owns(relative)) continue;
    const parent = parentOf(path);
    if (!touched.has(parent)) touched.set(parent, look(parent)!);
    fs.unlinkSync(fsPath(path));
  }
  for (const [directory, { atimeNs, mtimeNs }] of touched)
    fs.utimesSync(fsPath(directory), utimeOf(atimeNs), utimeOf(mtimeNs));
}

/** Content before names: after a power cut no renamed file may be empty. The only sync between extraction and swap. */
export async function syncStages(stages: Stage[]): Promise<void> {
  for (const { workDir } of stages) await flushTree(workDir);
}

/**
 * Removes what a settled restore needs no more, the journal last: until then the next command knows what these are.
 * Answers what could not be removed. `withheld` directories never are, however they came there.
 */
export async function discardWorkDirs(
  journal: Journal,
  withheld: readonly Identity[],
  step: (name: string) => void = () => {},
): Promise<string[]> {
  const [anchor, ...others] = journal.workDirs;
  const leftovers: string[] = [];
  const attempt = async (path: BytePath) => {
    step('remove');
    try {
      await removeTree(path, withheld);
    } catch (error) {
      leftovers.push(`${displayPath(path)}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  for (const workDir of others) await attempt(workDir);
  if (!exists(anchor!)) return leftovers;
  for (const path of [newIn(anchor!), oldIn(anchor!)]) await attempt(path);
  if (leftovers.length > 0) return leftovers;
  removeJournal(journal);
  await attempt(anchor!);
  settleTimes(journal);
  return leftovers;
}

/** A work directory without a journal was being made when the process died: it holds nothing that was ever in place. */
export function isEmptyWorkDir(workDir: BytePath): boolean {
  const isOurs = namesIn(workDir).every(
    (name) => ['new', 'old'].includes(name) || /^journal.*\.json(\.tmp)?$/.test(name),
  );
  return isOurs && namesOrNone(newIn(workDir)).length === 0 && namesOrNone(oldIn(workDir)).length === 0;
}

function namesOrNone(directory: BytePath): BytePath[] {
  try {
    return namesIn(directory);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return [];
    throw error;
  }
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
