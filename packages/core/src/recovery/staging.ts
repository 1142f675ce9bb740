/** Work directories: on each file system that a restore changes, one hidden directory with what comes in and what goes out. */
import * as fs from 'node:fs';
import { type ArchiveReader, type ExtractReport } from '@gofr-backup/archive';
import {
  BackupError,
  type BytePath,
  displayPath,
  fsPath,
  type Identity,
  joinPath,
  type Ports,
} from '@gofr-backup/model';
import {
  DirectoryHandle,
  exists,
  fsyncPath,
  lstatIfPresent,
  namesIn,
  parentOf,
  removeTree,
  walk,
  isErrno,
  setTimesOf,
} from '@gofr-backup/posix';
import { flushTree } from './flush.ts';
import { isJournalFile, type Journal, removeJournal } from './journal.ts';
import type { RestorePlan } from './restore-plan.ts';
import { newIn, oldIn, type Stage } from './stages.ts';
import { settleTimes } from './swap.ts';

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
export function createWorkDir(workDir: BytePath): Home {
  const place = parentOf(workDir);
  fs.mkdirSync(fsPath(place), { recursive: true });
  const { mtimeNs } = lstatIfPresent(place)!;
  fs.mkdirSync(fsPath(workDir), { mode: 0o755 });
  for (const directory of [newIn(workDir), oldIn(workDir)]) fs.mkdirSync(fsPath(directory), { mode: 0o700 });
  fsyncPath(place);
  return { place, mtimeNs, changedNs: lstatIfPresent(place)!.mtimeNs };
}

/** Whether nothing but the work directory came into it. */
export const isUntouched = ({ place, changedNs }: Home): boolean =>
  lstatIfPresent(place)?.mtimeNs === changedNs;

export function settleTime({ place, mtimeNs }: Home): void {
  try {
    setTimesOf(place, mtimeNs);
  } catch (error) {
    if (!isErrno(error, 'EPERM')) throw error;
  }
}

export async function extractStages(
  reader: ArchiveReader,
  { stages, grants }: Pick<RestorePlan, 'stages' | 'grants'>,
  ports: Ports,
): Promise<ExtractReport> {
  const total: ExtractReport = { files: 0, bytes: 0, warnings: [] };
  for (const stage of stages) {
    // what was mounted since the backup: nothing of the archive belongs there
    if (stage.isMount && stage.size.entries === 0) continue;
    using directory = openOwn(newIn(stage.workDir));
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

/**
 * The directory that this restore made, to extract into from the open directory on. The application may have put a link or
 * another directory in its place: then nothing is extracted. Throws FAILED.
 */
function openOwn(path: BytePath): DirectoryHandle {
  const directory = DirectoryHandle.open(path);
  const { uid, mode } = directory.stat();
  if (uid === (process.geteuid?.() ?? uid) && (mode & 0o777) === 0o700) return directory;
  directory.close();
  throw new BackupError('FAILED', `${displayPath(path)} is not the directory that was made there`, {
    why: 'something put another one in its place',
    hint: 'Nothing was replaced. Stop the services that write there, and run the restore again.',
  });
}

/** Takes out of the staged tree what the target does not restore, and gives the directories their times back. */
export function pruneStaged(staged: BytePath, owns: (relative: BytePath) => boolean): void {
  const touched = new Map<BytePath, bigint>();
  for (const { path, relative, stat } of walk(staged)) {
    if (stat.isDirectory() || owns(relative)) continue;
    const parent = parentOf(path);
    if (!touched.has(parent)) touched.set(parent, lstatIfPresent(parent)!.mtimeNs);
    fs.unlinkSync(fsPath(path));
  }
  for (const [directory, mtimeNs] of touched) setTimesOf(directory, mtimeNs);
}

/** Content before names: after a power cut no renamed file may be empty. The only sync between extraction and swap. */
export async function syncStages(stages: Stage[]): Promise<void> {
  for (const { workDir } of stages) await flushTree(workDir);
}

/**
 * Removes the work directories of a settled restore. The journal goes last, because until then the next command needs
 * it to know what these directories are. Answers the paths that could not be removed. `withheld` directories are
 * never removed, however they came there.
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
  return namesIn(workDir).every((name) => {
    const path = joinPath(workDir, name);
    const stat = lstatIfPresent(path);
    if (stat?.isDirectory()) return ['new', 'old'].includes(name) && namesIn(path).length === 0;
    return stat === undefined || (stat.isFile() && isJournalFile(name));
  });
}
