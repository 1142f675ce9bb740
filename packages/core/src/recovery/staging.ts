/** Work directories: on each file system that a restore changes, one hidden directory with what comes in and what goes out. */
import * as fs from 'node:fs';
import { type ArchiveReader, type ExtractReport } from '@gofr-backup/archive';
import {
  type BytePath,
  displayPath,
  fsPath,
  type Identity,
  isOneOf,
  joinPath,
  type Ports,
} from '@gofr-backup/model';
import { isDirectory, isErrno, isFile, parentOf, setTimesAt } from '@gofr-backup/posix';
import { flushTree } from './flush.ts';
import type { Ground } from './ground/ground.ts';
import { isJournalFile, type Journal, removeJournal } from './journal.ts';
import type { RestorePlan } from './restore-plan.ts';
import { newIn, oldIn, type Stage } from './stages.ts';
import { settleTimes } from './swap.ts';
import { TouchedDirectories } from './ground/touched-directories.ts';
import { holdNew, removeHeld, removeIn, removeWorkDir } from './ground/work-dir.ts';

/** A directory that holds a work directory: its time before that was made, and what making it changed that to. */
export interface Home {
  place: BytePath;
  mtimeNs: bigint;
  changedNs: bigint;
}

/**
 * Other users may list it but not enter its directories: a service that runs as another uid must see the journal, and
 * nothing else.
 */
export function createWorkDir(workDir: BytePath, ground: Ground): Home {
  const place = parentOf(workDir);
  ground.makeDirectory(place);
  const { mtimeNs } = ground.directory(place).stat();
  fs.mkdirSync(fsPath(ground.at(workDir)), { mode: 0o755 });
  holdNew(workDir, ground);
  for (const directory of [newIn(workDir), oldIn(workDir)])
    fs.mkdirSync(fsPath(ground.at(directory)), { mode: 0o700 });
  const home = ground.directory(place);
  home.sync();
  return { place, mtimeNs, changedNs: home.stat().mtimeNs };
}

/** Whether nothing but the work directory came into it. */
export const isUntouched = ({ place, changedNs }: Home, ground: Ground): boolean =>
  ground.lstat(place)?.mtimeNs === changedNs;

export function settleTime({ place, mtimeNs }: Pick<Home, 'place' | 'mtimeNs'>, ground: Ground): void {
  try {
    setTimesAt(ground.directory(place).fd, '.', mtimeNs);
  } catch (error) {
    if (!isErrno(error, 'EPERM')) throw error;
  }
}

export async function extractStages(
  reader: ArchiveReader,
  { stages, grants, ground }: Pick<RestorePlan, 'stages' | 'grants' | 'ground'>,
  ports: Ports,
): Promise<ExtractReport> {
  const total: ExtractReport = { files: 0, bytes: 0, warnings: [] };
  for (const stage of stages) {
    // what was mounted since the backup: nothing of the archive belongs there
    if (stage.isMount && stage.size.entries === 0) continue;
    using directory = ground.directory(stage.workDir).openDirectory('new');
    const report = await reader.extract({
      ...ports,
      directory,
      ...grants,
      ...(stage.paths && { paths: stage.paths.map(displayPath) }),
    });
    total.files += report.files;
    total.bytes += report.bytes;
    total.warnings.push(...report.warnings);
  }
  return total;
}

/** Takes out of the staged tree what the target does not restore, and gives the directories their times back. */
export function pruneStaged(staged: BytePath, owns: (relative: BytePath) => boolean, ground: Ground): void {
  using touched = new TouchedDirectories(ground);
  for (const { path, relative, stat } of ground.walk(staged)) {
    if (isDirectory(stat) || owns(relative)) continue;
    touched.open(parentOf(path));
    fs.unlinkSync(fsPath(ground.at(path)));
  }
}

/** Content before names: after a power cut no renamed file may be empty. The only sync between extraction and swap. */
export async function syncStages(stages: Stage[], ground: Ground): Promise<void> {
  for (const { workDir } of stages) await flushTree(workDir, ground);
}

/**
 * Removes the work directories of a settled restore, as far as they are held. The journal goes last, because until then the
 * next command needs it to know what these directories are. Answers the paths that could not be removed. `withheld`
 * directories are never removed, however they came there.
 */
export async function discardWorkDirs(
  journal: Journal,
  withheld: readonly Identity[],
  ground: Ground,
  step: (name: string) => void = () => {},
): Promise<string[]> {
  const [anchor, ...others] = journal.workDirs;
  const leftovers: string[] = [];
  const attempt = async (path: BytePath, remove: () => Promise<void>) => {
    step('remove');
    try {
      await remove();
    } catch (error) {
      leftovers.push(`${displayPath(path)}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  for (const workDir of others.filter((dir) => ground.isHeld(dir)))
    await attempt(workDir, () => removeWorkDir(workDir, withheld, ground));
  if (!ground.isHeld(anchor!)) return leftovers;
  for (const name of ['new', 'old'])
    await attempt(joinPath(anchor!, name), () => removeIn(anchor!, name, withheld, ground));
  if (leftovers.length > 0) return leftovers;
  removeJournal(journal, ground);
  await attempt(anchor!, () => removeWorkDir(anchor!, withheld, ground));
  settleTimes(journal, ground);
  return leftovers;
}

/** A work directory without a journal was being made when the process died: it holds nothing that was ever in place. */
export function isEmptyWorkDir(workDir: BytePath, ground: Ground): boolean {
  return ground.names(workDir).every((name) => {
    const path = joinPath(workDir, name);
    const stat = ground.lstat(path);
    if (stat && isDirectory(stat)) return ['new', 'old'].includes(name) && ground.names(path).length === 0;
    return stat === undefined || (isFile(stat) && isJournalFile(name));
  });
}

/** Of one that was found empty. What came into it since stays, and so does it. */
export function removeEmptyWorkDir(workDir: BytePath, withheld: readonly Identity[], ground: Ground): void {
  const directory = ground.directory(workDir);
  for (const name of directory.names()) {
    const stat = directory.lstat(name);
    if (stat === undefined || isOneOf(stat, withheld)) continue;
    if (isJournalFile(name)) fs.unlinkSync(directory.at(name));
    else fs.rmdirSync(directory.at(name));
  }
  removeHeld(workDir, ground);
}
